import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
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
} from '../../platform/http/index.js';
import { type Worktree } from './worktree.js';
import {
  type CreateWorktree,
  createWorktreeSchema,
  type RemoveWorktree,
  removeWorktreeSchema,
  worktreeSchema,
} from './worktrees.schemas.js';
import { WorktreesService } from './worktrees.service.js';

@ApiTags('worktrees')
@Controller()
export class WorktreesController {
  constructor(private readonly worktrees: WorktreesService) {}

  @Post('sessions/:id/worktrees')
  @ApiOperation({ summary: 'Make a git worktree of the session, and a child session in it' })
  @Creates(worktreeSchema, (worktree) => `/worktrees/${worktree.id}`)
  create(
    @Param('id', { schema: id }) sessionId: string,
    @ResourceId() worktreeId: string,
    @Body({ schema: createWorktreeSchema }) wanted: CreateWorktree,
  ): Promise<Worktree> {
    return this.worktrees.create(sessionId, worktreeId, wanted);
  }

  @Get('sessions/:id/worktrees')
  @ApiOperation({ summary: 'Worktrees of the session' })
  @Answers(pageOf(worktreeSchema))
  list(
    @Param('id', { schema: id }) sessionId: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<Worktree>> {
    return this.worktrees.list(sessionId, query);
  }

  @Get('worktrees/:id')
  @ApiOperation({ summary: 'One worktree' })
  @Answers(worktreeSchema)
  get(@Param('id', { schema: id }) worktreeId: string): Promise<Worktree> {
    return this.worktrees.get(worktreeId);
  }

  @Delete('worktrees/:id')
  @ApiOperation({ summary: 'Forget a worktree, or have git delete it' })
  @HttpCode(204)
  remove(
    @Param('id', { schema: id }) worktreeId: string,
    @Query({ schema: removeWorktreeSchema }) how: RemoveWorktree,
  ): Promise<void> {
    return this.worktrees.remove(worktreeId, how);
  }
}
