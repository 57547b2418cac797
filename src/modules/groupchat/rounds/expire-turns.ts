import { Injectable } from '@nestjs/common';
import { TurnsService } from '../../sessions/index.js';
import { Chronicle } from '../chronicle.js';
import { type RoundRow } from '../storage/round.entity.js';
import { type RoundTurnRow } from '../storage/round-turn.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { type Scene } from './scene.js';

/** Turns past their deadline -> killed, and waited for no longer. */
@Injectable()
export class ExpireTurns {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly turns: TurnsService,
    private readonly chronicle: Chronicle,
  ) {}

  async follow(
    { tx, chat }: Scene,
    round: RoundRow,
    turns: readonly RoundTurnRow[],
  ): Promise<void> {
    const time = duration(chat.limits.participantTimeoutMs);
    for (const turn of turns) {
      if (turn.turnId !== null) await this.turns.cancelIn(tx, turn.turnId, { reason: 'timeout' });
      await this.rounds.updateTurn(tx, turn.id, {
        state: 'timed-out',
        failure: { code: 'agent/timeout', message: `no answer within ${time}` },
      });
    }
    for (const turn of turns) {
      await this.chronicle.say(tx, chat, {
        from: 'system',
        sessionId: turn.sessionId,
        turnId: turn.turnId,
        text: `@${turn.handle} gave no answer within ${time} and was stopped.`,
        round: round.number,
      });
    }
  }
}

const duration = (ms: number): string =>
  ms >= 120_000 ? `${Math.round(ms / 60_000)} minutes` : `${Math.round(ms / 1_000)} s`;
