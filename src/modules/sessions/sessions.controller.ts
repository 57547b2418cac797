import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { type Usage } from '../../agents/index.js';
import {
  Answers,
  Creates,
  id,
  type Page,
  type PageQuery,
  pageQuery,
  ResourceId,
  StartsWork,
} from '../../platform/http/index.js';
import { usageSchema } from '../usage/index.js';
import { HistoryService } from './history.service.js';
import { QueueService } from './queue.service.js';
import { type Session } from './session.js';
import {
  type CreateSession,
  createSessionSchema,
  type HistoryEntry,
  historyPageSchema,
  type PatchSession,
  patchSessionSchema,
  sessionPageSchema,
  sessionSchema,
  turnPageSchema,
  turnSchema,
} from './sessions.schemas.js';
import { SessionsService } from './sessions.service.js';
import { type Turn } from './turn.js';
import { type PostTurn, postTurnSchema } from './turns.schemas.js';
import { TurnsService } from './turns.service.js';

@Controller('sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly turns: TurnsService,
    private readonly queues: QueueService,
    private readonly histories: HistoryService,
  ) {}

  @Get()
  @Answers(sessionPageSchema)
  list(@Query({ schema: pageQuery }) query: PageQuery): Promise<Page<Session>> {
    return this.sessions.list(query);
  }

  @Post()
  @Creates(sessionSchema, (session) => `/sessions/${session.id}`)
  create(
    @ResourceId() sessionId: string,
    @Body({ schema: createSessionSchema }) input: CreateSession,
  ): Promise<Session> {
    return this.sessions.create(sessionId, input);
  }

  @Get(':id')
  @Answers(sessionSchema)
  get(@Param('id', { schema: id }) sessionId: string): Promise<Session> {
    return this.sessions.get(sessionId);
  }

  @Patch(':id')
  @Answers(sessionSchema)
  patch(
    @Param('id', { schema: id }) sessionId: string,
    @Body({ schema: patchSessionSchema }) patch: PatchSession,
  ): Promise<Session> {
    return this.sessions.patch(sessionId, patch);
  }

  @Delete(':id')
  @HttpCode(204)
  delete(@Param('id', { schema: id }) sessionId: string): Promise<void> {
    return this.sessions.delete(sessionId);
  }

  @Post(':id/turns')
  @StartsWork(turnSchema, (turn) => `/turns/${turn.id}`)
  post(
    @ResourceId() turnId: string,
    @Param('id', { schema: id }) sessionId: string,
    @Body({ schema: postTurnSchema }) turn: PostTurn,
  ): Promise<Turn> {
    return this.turns.post(turnId, sessionId, turn);
  }

  @Get(':id/turns')
  @Answers(turnPageSchema)
  turnsOf(
    @Param('id', { schema: id }) sessionId: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<Turn>> {
    return this.turns.list(sessionId, query);
  }

  @Get(':id/queue')
  @Answers(turnPageSchema)
  queue(@Param('id', { schema: id }) sessionId: string): Promise<Page<Turn>> {
    return this.queues.list(sessionId);
  }

  @Get(':id/history')
  @Answers(historyPageSchema)
  history(
    @Param('id', { schema: id }) sessionId: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<HistoryEntry>> {
    return this.histories.list(sessionId, query);
  }

  @Get(':id/usage')
  @Answers(usageSchema)
  usage(@Param('id', { schema: id }) sessionId: string): Promise<Usage> {
    return this.sessions.usage(sessionId);
  }
}
