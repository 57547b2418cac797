import { Injectable } from '@nestjs/common';
import { type Sql } from '../../../platform/database/index.js';
import { hasEnded, type Turn, TurnsService } from '../../sessions/index.js';
import { type GroupChatRow } from '../storage/group-chat.entity.js';
import { type QuestionRow } from '../storage/question.entity.js';
import { type RoundRow } from '../storage/round.entity.js';
import { type RoundTurnRow } from '../storage/round-turn.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';

/** All that decides what is due in a chat. */
export interface Picture {
  chat: GroupChatRow;
  /** The question being answered. */
  question: QuestionRow | null;
  /** The message that waits longest. */
  next: QuestionRow | null;
  /** The last round of the question. */
  round: RoundRow | null;
  /** Turns of the chat, of whatever round, whose end has not been seen. */
  open: RoundTurnRow[];
  /** What these are doing, by turn id. One that is absent was deleted with its session. */
  turns: ReadonlyMap<string, Turn>;
}

@Injectable()
export class Pictures {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly turns: TurnsService,
  ) {}

  async take(chat: GroupChatRow, sql: Sql): Promise<Picture> {
    const question = await this.rounds.activeQuestion(chat.id, sql);
    const next = question ? null : await this.rounds.nextQuestion(chat.id, sql);
    const rounds = question ? await this.rounds.ofQuestion(question.messageId, sql) : [];
    const open = await this.rounds.unsettled(chat.id, sql);
    const turns = await this.turns.find(
      open.flatMap(({ turnId }) => turnId ?? []),
      sql,
    );
    return {
      chat,
      question,
      next,
      round: rounds.at(-1) ?? null,
      open,
      turns: new Map(turns.map((turn) => [turn.id, turn])),
    };
  }
}

/** What became of a turn that has ended; undefined as long as it has not. */
export const endOf = (
  { turns }: Pick<Picture, 'turns'>,
  { turnId }: Pick<RoundTurnRow, 'turnId'>,
): Turn | 'deleted' | undefined => {
  const turn = turnId === null ? undefined : turns.get(turnId);
  if (!turn) return 'deleted';
  return hasEnded(turn) ? turn : undefined;
};
