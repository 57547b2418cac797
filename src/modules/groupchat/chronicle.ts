import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { type Tx } from '../../platform/database/index.js';
import { EventLog, storableText } from '../../platform/events/index.js';
import { type EndReason, type GroupChatState, groupChatStream, type Sender } from './group-chat.js';
import { type Message } from './groupchat.answers.js';
import { type GroupChatRow } from './storage/group-chat.entity.js';
import { GroupChatsRepository } from './storage/group-chats.repository.js';
import { type MessageRow } from './storage/message.entity.js';
import { MessagesRepository } from './storage/messages.repository.js';
import { RoundsRepository } from './storage/rounds.repository.js';

export interface Words {
  id?: string;
  from: Sender;
  text: string;
  name?: string;
  sessionId?: string | null;
  round?: number | null;
  late?: boolean;
  readOnly?: boolean;
  turnId?: string | null;
}

export interface StateFacts {
  round?: number | null;
  /** The question that has come to its end, and why. */
  messageId?: string;
  endReason?: EndReason;
}

/** Writes down what is said in a chat and what becomes of it, and tells the chat's stream. The caller holds the chat's lock. */
@Injectable()
export class Chronicle {
  constructor(
    private readonly chats: GroupChatsRepository,
    private readonly messages: MessagesRepository,
    private readonly rounds: RoundsRepository,
    private readonly events: EventLog,
  ) {}

  async say(tx: Tx, chat: GroupChatRow, words: Words): Promise<Message> {
    chat.lastSeq += 1;
    const row: MessageRow = {
      id: words.id ?? uuid(),
      chatId: chat.id,
      seq: chat.lastSeq,
      round: words.round ?? null,
      sender: words.from,
      sessionId: words.sessionId ?? null,
      name: words.name ?? words.from,
      text: storableText(words.text),
      late: words.late ?? false,
      readOnly: words.readOnly ?? false,
      turnId: words.turnId ?? null,
      at: new Date(),
    };
    await this.messages.insert(tx, row);
    await this.chats.update(tx, chat.id, { lastSeq: chat.lastSeq });
    const message = toMessage(row);
    await this.events.append(tx, groupChatStream(chat.id), 'groupchat.message', { message });
    return message;
  }

  /** Also to be called with the state as it was, when only the number of waiting messages changed. */
  async become(
    tx: Tx,
    chat: GroupChatRow,
    state: GroupChatState,
    facts: StateFacts = {},
  ): Promise<void> {
    if (chat.state !== state) {
      chat.state = state;
      await this.chats.update(tx, chat.id, { state });
    }
    await this.events.append(tx, groupChatStream(chat.id), 'groupchat.state', {
      groupChatId: chat.id,
      state,
      round: facts.round ?? null,
      messageId: facts.messageId ?? null,
      endReason: facts.endReason ?? null,
      queued: await this.rounds.queued(chat.id, tx),
    });
  }
}

export const toMessage = (row: MessageRow): Message => ({
  id: row.id,
  groupChatId: row.chatId,
  seq: row.seq,
  round: row.round,
  from: row.sender,
  sessionId: row.sessionId,
  name: row.name,
  text: row.text,
  late: row.late,
  readOnly: row.readOnly,
  turnId: row.turnId,
  at: row.at.toISOString(),
});
