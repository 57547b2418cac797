import { Injectable } from '@nestjs/common';
import { Chronicle } from '../chronicle.js';
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
    const { tx, chat, now } = scene;
    await this.rounds.updateQuestion(tx, question.messageId, {
      state: 'ended',
      endReason,
      endedAt: now,
    });
    const last = (await this.rounds.ofQuestion(question.messageId, tx)).at(-1);
    if (last) await this.rounds.update(tx, last.id, { phase: 'closed', closedAt: now });
    await this.chronicle.become(tx, chat, 'idle', { round: last?.number ?? null, endReason });
  }

  /** Every turn of a chat that was stopped is proved gone. */
  async stopped(scene: Scene, question: QuestionRow | null): Promise<void> {
    if (question) await this.follow(scene, question, 'stopped');
    else await this.chronicle.become(scene.tx, scene.chat, 'idle', { endReason: 'stopped' });
  }
}
