import { Injectable } from '@nestjs/common';
import { type Failure } from '../../../platform/errors/index.js';
import { type Turn } from '../../sessions/index.js';
import { Chronicle } from '../chronicle.js';
import { type RoundTurnState } from '../group-chat.js';
import { type RoundTurnRow } from '../storage/round-turn.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { sentence } from './ask-moderator.js';
import { endOf } from './picture.js';
import { type Scene } from './scene.js';

/** Turns that have ended -> their answers in the transcript. What comes after its deadline is kept, and starts nothing. */
@Injectable()
export class CollectAnswers {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly chronicle: Chronicle,
  ) {}

  async follow(scene: Scene, turns: readonly RoundTurnRow[]): Promise<void> {
    const numbers = await this.rounds.numbers(
      scene.tx,
      turns.map(({ roundId }) => roundId),
    );
    for (const turn of turns) {
      const end = endOf(scene, turn);
      if (end !== undefined)
        await this.collect(scene, turn, end, numbers.get(turn.roundId) ?? null);
    }
  }

  private async collect(
    { tx, chat, people }: Scene,
    turn: RoundTurnRow,
    end: Turn | 'deleted',
    round: number | null,
  ): Promise<void> {
    const failure = failureOf(end);
    const late = turn.state === 'timed-out';
    await this.rounds.updateTurn(tx, turn.id, {
      state: stateAfter(turn.state, failure, chat.state === 'stopping'),
      settled: true,
      costUsd: costOf(end),
      ...(!late && { failure }),
    });
    if (end !== 'deleted' && failure === null) {
      await this.chronicle.say(tx, chat, {
        from: turn.role,
        name:
          turn.role === 'moderator'
            ? 'moderator'
            : (people.get(turn.sessionId)?.name ?? turn.handle),
        sessionId: turn.sessionId,
        turnId: turn.turnId,
        text: end.text ?? '',
        readOnly: end.readOnly,
        round,
        late,
      });
    } else if (failure !== null && !late && chat.state !== 'stopping') {
      await this.chronicle.say(tx, chat, {
        from: 'system',
        sessionId: turn.sessionId,
        turnId: turn.turnId,
        text: `@${turn.handle} failed: ${sentence(failure)}`,
        round,
      });
    }
  }
}

const stateAfter = (
  before: RoundTurnState,
  failure: Failure | null,
  stopping: boolean,
): RoundTurnState => {
  if (before === 'timed-out') return failure === null ? 'late' : 'timed-out';
  if (failure === null) return 'answered';
  return stopping ? 'stopped' : 'failed';
};

/** Why a turn that has ended gave no answer; null when it did. */
export const failureOf = (end: Turn | 'deleted'): Failure | null => {
  if (end === 'deleted') return { code: 'turns/not-found', message: 'its session was deleted' };
  if (end.state === 'completed') return null;
  if (!end.error) return { code: `turns/${end.state}`, message: `the turn was ${end.state}` };
  const { code, message, hint } = end.error;
  return hint === undefined ? { code, message } : { code, message, hint };
};

export const costOf = (end: Turn | 'deleted'): number | null =>
  end === 'deleted' ? null : (end.usage?.costUsd ?? null);
