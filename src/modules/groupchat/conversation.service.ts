import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../platform/database/index.js';
import { page, type Page, type PageQuery } from '../../platform/http/index.js';
import { JobQueue } from '../../platform/queue/index.js';
import { ImagesRepository, TurnsService } from '../sessions/index.js';
import { ADVANCE_GROUP_CHAT } from './advance-group-chat.job.js';
import { Chronicle, toMessage } from './chronicle.js';
import { type GroupChat, type Message, type Round } from './groupchat.answers.js';
import { GroupChatArchived, MessageNotFound } from './groupchat.errors.js';
import { type MessagePageQuery, type NewMessage } from './groupchat.schemas.js';
import { GroupChatsService } from './groupchats.service.js';
import { addressedBy, complaintOf } from './mentions/addressees.js';
import { Participation } from './participation.js';
import { People } from './people.js';
import { type GroupChatRow } from './storage/group-chat.entity.js';
import { MessagesRepository } from './storage/messages.repository.js';
import { RoundsRepository } from './storage/rounds.repository.js';
import { Views } from './views.js';

/** What the user says in a chat, and what was said; and the word that stops it. */
@Injectable()
export class ConversationService {
  constructor(
    private readonly database: Database,
    private readonly groupChats: GroupChatsService,
    private readonly messages: MessagesRepository,
    private readonly rounds: RoundsRepository,
    private readonly turns: TurnsService,
    private readonly images: ImagesRepository,
    private readonly people: People,
    private readonly participation: Participation,
    private readonly chronicle: Chronicle,
    private readonly views: Views,
    private readonly jobs: JobQueue,
  ) {}

  /** Queues a message to be answered after those before it. One that has the id already was repeated. */
  async post(chatId: string, id: string, input: NewMessage): Promise<Message> {
    const people = await this.people.everybody();
    return this.database.transaction(async (tx) => {
      const chat = await this.groupChats.lock(tx, chatId);
      const posted = await this.messages.find(chatId, id, tx);
      if (posted) return toMessage(posted);
      if (chat.archived) throw new GroupChatArchived(chatId);
      const { text, readOnly, images = [] } = input;
      const message = await this.chronicle.say(tx, chat, { id, from: 'user', text, readOnly });
      await this.messages.giveImages(tx, id, await this.images.keep(tx, images));
      await this.rounds.ask(tx, {
        messageId: id,
        chatId,
        seq: message.seq,
        state: 'queued',
        readOnly,
        corrected: false,
        heardSeq: 0,
        endReason: null,
        endedAt: null,
      });
      const room = await this.participation.room(tx, chat);
      const addressed = addressedBy(text, 'user', room, people);
      for (const addressee of addressed.addressees.filter(({ joins }) => joins)) {
        await this.participation.join(tx, chat, addressee, 'user');
      }
      const complaint = complaintOf(addressed);
      if (complaint !== null)
        await this.chronicle.say(tx, chat, { from: 'system', text: complaint });
      // Not left to the worker: whoever asks right now must not take the chat for done.
      const state = chat.state === 'idle' ? 'moderator-thinking' : chat.state;
      await this.chronicle.become(tx, chat, state);
      this.ring(tx, chatId);
      return message;
    });
  }

  async message(chatId: string, id: string): Promise<Message> {
    const row = await this.messages.find(chatId, id);
    if (!row) throw new MessageNotFound(id);
    return toMessage(row);
  }

  async transcript(chatId: string, { cursor, limit }: MessagePageQuery): Promise<Page<Message>> {
    await this.groupChats.find(chatId);
    const rows = await this.messages.page(chatId, Number(cursor ?? 0), limit + 1);
    return page(rows.map(toMessage), limit, ({ seq }) => String(seq));
  }

  async listRounds(chatId: string, { cursor, limit }: PageQuery): Promise<Page<Round>> {
    await this.groupChats.find(chatId);
    const rows = await this.rounds.page(chatId, cursor, limit + 1);
    const { items, nextCursor } = page(rows, limit, ({ id }) => id);
    return { items: await this.views.roundsOf(items), nextCursor };
  }

  /** Stops every turn of the chat and drops what waits. The state is `stopping` until the turns are proved gone. */
  async stop(chatId: string): Promise<GroupChat> {
    await this.database.transaction(async (tx) => {
      const chat = await this.groupChats.lock(tx, chatId);
      await this.rounds.endQueued(tx, chatId, 'stopped');
      const open = await this.rounds.unsettled(chatId, tx);
      for (const { turnId } of open) if (turnId !== null) await this.turns.cancelIn(tx, turnId);
      const still = chat.state === 'idle' && open.length === 0;
      await this.chronicle.become(
        tx,
        chat,
        still ? 'idle' : 'stopping',
        await this.place(tx, chat),
      );
      this.ring(tx, chatId);
    });
    return this.groupChats.get(chatId);
  }

  private async place(tx: Tx, chat: GroupChatRow): Promise<{ round: number | null }> {
    const question = await this.rounds.activeQuestion(chat.id, tx);
    const rounds = question ? await this.rounds.ofQuestion(question.messageId, tx) : [];
    return { round: rounds.at(-1)?.number ?? null };
  }

  private ring(tx: Tx, chatId: string): void {
    tx.afterCommit(() => {
      this.jobs.ring(ADVANCE_GROUP_CHAT.name, chatId);
    });
  }
}
