import { Injectable } from '@nestjs/common';
import { type Tx } from '../../../platform/database/index.js';
import { TurnsService } from '../../sessions/index.js';
import { type ImagesBrief } from '../prompts.js';
import { MessagesRepository } from '../storage/messages.repository.js';
import { type QuestionRow } from '../storage/question.entity.js';

/** The images of a question, as one session gets to know of them. */
export interface GivenImages {
  brief: ImagesBrief | null;
  /** Ids of those that go with its turn. */
  shown: string[];
}

/** Gives the images of a question to whoever is asked, or tells of them whoever cannot be shown any. */
@Injectable()
export class QuestionImages {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly turns: TurnsService,
  ) {}

  async of(
    tx: Tx,
    { messageId }: Pick<QuestionRow, 'messageId'>,
    sessionId: string,
  ): Promise<GivenImages> {
    const images = await this.messages.imagesOf(tx, messageId);
    if (images.length === 0) return { brief: null, shown: [] };
    const shown = await this.turns.takesImages(tx, sessionId);
    return {
      brief: { names: images.map(({ name }) => name), shown },
      shown: shown ? images.map(({ id }) => id) : [],
    };
  }
}
