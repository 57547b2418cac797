import { Injectable } from '@nestjs/common';
import { type Tx } from '../../platform/database/index.js';
import { EventLog } from '../../platform/events/index.js';
import { groupChatStream } from './group-chat.js';
import { type Participant } from './groupchat.answers.js';
import { type Addressee, type Room } from './mentions/addressees.js';
import { type Person } from './people.js';
import { type GroupChatRow } from './storage/group-chat.entity.js';
import { GroupChatsRepository } from './storage/group-chats.repository.js';

export type Inviter = 'user' | 'moderator';

/** Who takes part. The caller holds the chat's lock. */
@Injectable()
export class Participation {
  constructor(
    private readonly chats: GroupChatsRepository,
    private readonly events: EventLog,
  ) {}

  async room(tx: Tx, chat: GroupChatRow): Promise<Room> {
    return {
      moderatorSessionId: chat.moderatorSessionId,
      participants: await this.chats.participants(chat.id, tx),
      removed: await this.chats.removedSessions(tx, chat.id),
    };
  }

  async join(
    tx: Tx,
    chat: GroupChatRow,
    { person, handle }: Addressee,
    by: Inviter,
  ): Promise<void> {
    await this.chats.addParticipant(tx, {
      chatId: chat.id,
      sessionId: person.sessionId,
      handle,
      addedAt: new Date(),
      removedAt: null,
    });
    await this.tell(tx, chat.id, 'added', toParticipant(person, handle, false), by);
  }

  async leave(tx: Tx, chat: GroupChatRow, participant: Participant): Promise<void> {
    await this.chats.removeParticipant(tx, chat.id, participant.sessionId);
    await this.tell(tx, chat.id, 'removed', participant, 'user');
  }

  private async tell(
    tx: Tx,
    groupChatId: string,
    change: 'added' | 'removed',
    participant: Participant,
    by: Inviter,
  ): Promise<void> {
    const facts = { groupChatId, change, participant, by };
    await this.events.append(tx, groupChatStream(groupChatId), 'groupchat.participant', facts);
  }
}

export const toParticipant = (person: Person, handle: string, working: boolean): Participant => ({
  sessionId: person.sessionId,
  name: person.name,
  handle,
  remote: person.remote,
  hostName: person.hostName,
  readOnly: person.readOnly,
  state: working ? 'working' : 'idle',
});
