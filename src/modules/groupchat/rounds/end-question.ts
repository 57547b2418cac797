import { Injectable } from '@nestjs/common';
import { Chronicle, type StateFacts } from '../chronicle.js';
import { type EndReason } from '../group-chat.js';
import { type QuestionRow } from '../storage/question.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { type Scene } from './scene.js';

/** The question has come to its end, for a reason that is kept. */
@Injectable()
export class EndQuestion {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly chronicle: Chronicle,
  ) {}

  async follow(scene: Scene, question: QuestionRow, endReason: EndReason): Promise<void> {
    const { tx, now } = scene;
    await this.rounds.updateQuestion(tx, question.messageId, {
      state: 'ended',
      endReason,
      endedAt: now,
    });
    const last = (await this.rounds.ofQuestion(question.messageId, tx)).at(-1);
    if (last) await this.rounds.update(tx, last.id, { phase: 'closed', closedAt: now });
    await this.rest(scene, {
      round: last?.number ?? null,
      messageId: question.messageId,
      endReason,
    });
  }

  /** Every turn of a chat that was stopped is proved gone. */
  async stopped(scene: Scene, question: QuestionRow | null): Promise<void> {
    if (question) await this.follow(scene, question, 'stopped');
    else await this.rest(scene, { endReason: 'stopped' });
  }

  /** A chat in which a message waits is not idle in between. */
  private async rest({ tx, chat }: Scene, facts: StateFacts): Promise<void> {
    const waits = (await this.rounds.queued(chat.id, tx)) > 0;
    await this.chronicle.become(tx, chat, waits ? 'moderator-thinking' : 'idle', facts);
  }
}
