import { Injectable } from '@nestjs/common';
import { Database } from '../../../platform/database/index.js';
import { JobHandler } from '../../../platform/queue/index.js';
import { ADVANCE_GROUP_CHAT } from '../advance-group-chat.job.js';
import { People, type PeopleById } from '../people.js';
import { GroupChatsRepository } from '../storage/group-chats.repository.js';
import { type Arrow, nextArrow } from './next-arrow.js';
import { Arrows } from './arrows.js';
import { Pictures } from './picture.js';

/**
 * Takes a group chat as far as it can go. Each arrow is one transaction that begins with the chat's lock and decides from
 * rows alone, so that it happens once, however often and by however many the bell is rung, and a crash resumes at the
 * arrow that was not committed.
 */
@Injectable()
export class AdvanceGroupChat extends JobHandler {
  readonly job = ADVANCE_GROUP_CHAT;

  constructor(
    private readonly database: Database,
    private readonly chats: GroupChatsRepository,
    private readonly pictures: Pictures,
    private readonly people: People,
    private readonly arrows: Arrows,
  ) {
    super();
  }

  async handle(chatId: string): Promise<void> {
    // Most bells ring for nothing: a look without a lock tells.
    while (await this.isDue(chatId)) {
      const people = await this.people.everybody();
      const arrow = await this.advance(chatId, people);
      if (!arrow) return;
    }
  }

  due(): Promise<string[]> {
    return this.chats.busy();
  }

  private async isDue(chatId: string): Promise<boolean> {
    const chat = await this.chats.find(chatId);
    if (!chat) return false;
    return nextArrow(await this.pictures.take(chat, this.database), new Date()) !== null;
  }

  private advance(chatId: string, people: PeopleById): Promise<Arrow | null> {
    return this.database.transaction(async (tx) => {
      const chat = await this.chats.lock(tx, chatId);
      if (!chat) return null;
      const now = new Date();
      const picture = await this.pictures.take(chat, tx);
      const arrow = nextArrow(picture, now);
      if (arrow) await this.arrows.follow({ ...picture, tx, people, now }, arrow);
      return arrow;
    });
  }
}
