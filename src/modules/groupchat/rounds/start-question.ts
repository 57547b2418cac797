import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { type QuestionRow } from '../storage/question.entity.js';
import { type RoundRow } from '../storage/round.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { AskModerator } from './ask-moderator.js';
import { type Scene } from './scene.js';

/** The message that waits longest -> the moderator's turn of round 1. */
@Injectable()
export class StartQuestion {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly moderator: AskModerator,
  ) {}

  async follow(scene: Scene, question: QuestionRow): Promise<void> {
    const round: RoundRow = {
      id: uuid(),
      chatId: scene.chat.id,
      messageId: question.messageId,
      number: 1,
      phase: 'moderator',
      moderatorTurnId: null,
      startedAt: scene.now,
      closedAt: null,
    };
    const started = { state: 'active', heardSeq: scene.chat.lastSeq } as const;
    await this.rounds.updateQuestion(scene.tx, question.messageId, started);
    await this.rounds.insert(scene.tx, round);
    await this.moderator.ask(scene, { ...question, ...started }, round);
  }
}
