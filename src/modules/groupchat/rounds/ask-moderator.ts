import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { DomainError } from '../../../platform/errors/index.js';
import { TurnsService } from '../../sessions/index.js';
import { ADVANCE_GROUP_CHAT } from '../advance-group-chat.job.js';
import { Chronicle } from '../chronicle.js';
import { type QuestionRow } from '../storage/question.entity.js';
import { type RoundRow } from '../storage/round.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { EndQuestion } from './end-question.js';
import { type Correction, ModeratorBriefs } from './moderator-briefs.js';
import { QuestionImages } from './question-images.js';
import { type Scene } from './scene.js';

/** Hands the moderator all that was asked and answered; its turn decides what comes next. */
@Injectable()
export class AskModerator {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly turns: TurnsService,
    private readonly briefs: ModeratorBriefs,
    private readonly images: QuestionImages,
    private readonly chronicle: Chronicle,
    private readonly end: EndQuestion,
  ) {}

  async ask(
    scene: Scene,
    question: QuestionRow,
    round: RoundRow,
    correction: Correction | null = null,
  ): Promise<void> {
    const { tx, chat } = scene;
    const images = await this.images.of(tx, question, chat.moderatorSessionId);
    const prompt = await this.briefs.write(scene, question, round, correction, images.brief);
    let turnId: string;
    try {
      const turn = await this.turns.enqueue(tx, {
        sessionId: chat.moderatorSessionId,
        kind: 'moderator',
        prompt,
        readOnly: true,
        fresh: true,
        imageIds: images.shown,
        owner: { job: ADVANCE_GROUP_CHAT, id: chat.id },
      });
      turnId = turn.id;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await this.chronicle.say(tx, chat, {
        from: 'system',
        round: round.number,
        text: `The moderator can't be asked: ${sentence(error)}`,
      });
      await this.end.follow(scene, question, 'moderator-failed');
      return;
    }
    await this.rounds.insertTurn(tx, {
      id: uuid(),
      roundId: round.id,
      chatId: chat.id,
      role: 'moderator',
      sessionId: chat.moderatorSessionId,
      handle: 'moderator',
      turnId,
      state: 'pending',
      settled: false,
      deadlineAt: null,
      failure: null,
      costUsd: null,
    });
    await this.chronicle.become(tx, chat, 'moderator-thinking', { round: round.number });
  }
}

/** A failure in words for people: what happened and what to do. */
export const sentence = ({
  message,
  hint,
}: {
  message: string;
  hint?: string | undefined;
}): string => (hint === undefined ? message : `${message}. ${hint}`);
