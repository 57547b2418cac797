import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Answers,
  Creates,
  id,
  type Page,
  pageOf,
  type PageQuery,
  pageQuery,
  ResourceId,
} from '../../../platform/http/index.js';
import { type Playbook } from './playbook.js';
import {
  type CreatePlaybook,
  createPlaybookSchema,
  type PatchPlaybook,
  patchPlaybookSchema,
  playbookSchema,
} from './playbooks.schemas.js';
import { PlaybooksService } from './playbooks.service.js';

@ApiTags('autorun')
@Controller('playbooks')
export class PlaybooksController {
  constructor(private readonly playbooks: PlaybooksService) {}

  @Post()
  @ApiOperation({ summary: 'Save a playbook' })
  @Creates(playbookSchema, (playbook) => `/playbooks/${playbook.id}`)
  create(
    @ResourceId() playbookId: string,
    @Body({ schema: createPlaybookSchema }) input: CreatePlaybook,
  ): Promise<Playbook> {
    return this.playbooks.create(playbookId, input);
  }

  @Get()
  @ApiOperation({ summary: 'All playbooks' })
  @Answers(pageOf(playbookSchema))
  list(@Query({ schema: pageQuery }) query: PageQuery): Promise<Page<Playbook>> {
    return this.playbooks.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One playbook' })
  @Answers(playbookSchema)
  get(@Param('id', { schema: id }) playbookId: string): Promise<Playbook> {
    return this.playbooks.get(playbookId);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a playbook' })
  @Answers(playbookSchema)
  patch(
    @Param('id', { schema: id }) playbookId: string,
    @Body({ schema: patchPlaybookSchema }) patch: PatchPlaybook,
  ): Promise<Playbook> {
    return this.playbooks.patch(playbookId, patch);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a playbook; its runs stay' })
  @HttpCode(204)
  delete(@Param('id', { schema: id }) playbookId: string): Promise<void> {
    return this.playbooks.delete(playbookId);
  }
}
