import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Answers,
  id,
  type Page,
  type PageQuery,
  pageQuery,
  ResourceId,
  StartsWork,
} from '../../../platform/http/index.js';
import { type Run, type RunTask } from './run.js';
import {
  type RunCommandRequest,
  runCommandSchema,
  runPageSchema,
  runSchema,
  runsQuery,
  type RunsQuery,
  runTaskPageSchema,
  type StartRunRequest,
  startRunSchema,
} from './runs.schemas.js';
import { RunsService } from './runs.service.js';

@ApiTags('autorun')
@Controller('runs')
export class RunsController {
  constructor(private readonly runs: RunsService) {}

  @Post()
  @ApiOperation({ summary: 'Work through documents, or a playbook' })
  @StartsWork(runSchema, (run) => `/runs/${run.id}`)
  start(
    @ResourceId() runId: string,
    @Body({ schema: startRunSchema }) request: StartRunRequest,
  ): Promise<Run> {
    return this.runs.start(runId, request);
  }

  @Get()
  @ApiOperation({ summary: 'Runs, oldest first' })
  @Answers(runPageSchema)
  list(@Query({ schema: runsQuery }) query: RunsQuery): Promise<Page<Run>> {
    return this.runs.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One run' })
  @Answers(runSchema)
  get(@Param('id', { schema: id }) runId: string): Promise<Run> {
    return this.runs.get(runId);
  }

  @Get(':id/tasks')
  @ApiOperation({ summary: 'The tasks that a run handed out, oldest first' })
  @Answers(runTaskPageSchema)
  tasks(
    @Param('id', { schema: id }) runId: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<RunTask>> {
    return this.runs.listTasks(runId, query);
  }

  @Post(':id/stop')
  @ApiOperation({ summary: 'Stop after the current task' })
  @Answers(runSchema)
  stop(
    @Param('id', { schema: id }) runId: string,
    @Body({ schema: runCommandSchema }) request: RunCommandRequest,
  ): Promise<Run> {
    return this.runs.tell(runId, 'stop', request?.expectedState);
  }

  @Post(':id/kill')
  @ApiOperation({ summary: 'Stop now: the current turn is cancelled' })
  @Answers(runSchema)
  kill(
    @Param('id', { schema: id }) runId: string,
    @Body({ schema: runCommandSchema }) request: RunCommandRequest,
  ): Promise<Run> {
    return this.runs.tell(runId, 'kill', request?.expectedState);
  }

  @Post(':id/resume')
  @ApiOperation({ summary: 'Go on after a pause; a task that failed is done again' })
  @Answers(runSchema)
  resume(
    @Param('id', { schema: id }) runId: string,
    @Body({ schema: runCommandSchema }) request: RunCommandRequest,
  ): Promise<Run> {
    return this.runs.tell(runId, 'resume', request?.expectedState);
  }

  @Post(':id/skip')
  @ApiOperation({ summary: 'Go on after a pause with the next document' })
  @Answers(runSchema)
  skip(
    @Param('id', { schema: id }) runId: string,
    @Body({ schema: runCommandSchema }) request: RunCommandRequest,
  ): Promise<Run> {
    return this.runs.tell(runId, 'skip', request?.expectedState);
  }

  @Post(':id/abort')
  @ApiOperation({ summary: 'End the run; the current turn is cancelled' })
  @Answers(runSchema)
  abort(
    @Param('id', { schema: id }) runId: string,
    @Body({ schema: runCommandSchema }) request: RunCommandRequest,
  ): Promise<Run> {
    return this.runs.tell(runId, 'abort', request?.expectedState);
  }
}
