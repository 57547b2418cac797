import { Body, Controller, Get, Param, Patch, Post } from '@nestjs/common';
import { Answers, id } from '../../platform/http/index.js';
import { QueueService } from './queue.service.js';
import { turnSchema } from './sessions.schemas.js';
import { type Turn } from './turn.js';
import { type PatchTurn, patchTurnSchema } from './turns.schemas.js';
import { TurnsService } from './turns.service.js';

@Controller('turns')
export class TurnsController {
  constructor(
    private readonly turns: TurnsService,
    private readonly queue: QueueService,
  ) {}

  @Get(':id')
  @Answers(turnSchema)
  get(@Param('id', { schema: id }) turnId: string): Promise<Turn> {
    return this.turns.get(turnId);
  }

  @Patch(':id')
  @Answers(turnSchema)
  patch(
    @Param('id', { schema: id }) turnId: string,
    @Body({ schema: patchTurnSchema }) patch: PatchTurn,
  ): Promise<Turn> {
    return this.queue.patch(turnId, patch);
  }

  @Post(':id/cancel')
  @Answers(turnSchema, 202)
  cancel(@Param('id', { schema: id }) turnId: string): Promise<Turn> {
    return this.turns.cancel(turnId);
  }
}
