import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/index.js';
import { TurnsService } from '../sessions/index.js';
import { type GroupChat } from './groupchat.answers.js';
import { ModeratorCannotParticipate, ParticipantNotFound } from './groupchat.errors.js';
import { GroupChatsService } from './groupchats.service.js';
import { Handles } from './mentions/handle.js';
import { Participation, toParticipant } from './participation.js';
import { People } from './people.js';
import { GroupChatsRepository } from './storage/group-chats.repository.js';
import { RoundsRepository } from './storage/rounds.repository.js';

/** Whom the user brings into a chat and sends away. */
@Injectable()
export class ParticipantsService {
  constructor(
    private readonly database: Database,
    private readonly groupChats: GroupChatsService,
    private readonly chats: GroupChatsRepository,
    private readonly rounds: RoundsRepository,
    private readonly turns: TurnsService,
    private readonly people: People,
    private readonly participation: Participation,
  ) {}

  async add(chatId: string, sessionId: string): Promise<GroupChat> {
    const person = await this.people.get(sessionId);
    await this.database.transaction(async (tx) => {
      const chat = await this.groupChats.lock(tx, chatId);
      if (chat.moderatorSessionId === sessionId) throw new ModeratorCannotParticipate(sessionId);
      const participants = await this.chats.participants(chatId, tx);
      if (participants.some((participant) => participant.sessionId === sessionId)) return;
      const handle = new Handles(participants.map((each) => each.handle)).take(person.name);
      await this.participation.join(tx, chat, { person, handle, joins: true }, 'user');
    });
    return this.groupChats.get(chatId);
  }

  /** Also stops the turn that the chat waits for: nobody would read its answer. */
  async remove(chatId: string, sessionId: string): Promise<void> {
    await this.groupChats.find(chatId);
    const person = await this.people.get(sessionId);
    await this.database.transaction(async (tx) => {
      const chat = await this.groupChats.lock(tx, chatId);
      const participants = await this.chats.participants(chatId, tx);
      const participant = participants.find((each) => each.sessionId === sessionId);
      if (!participant) throw new ParticipantNotFound(sessionId);
      for (const open of await this.rounds.unsettled(chatId, tx)) {
        const asked = open.role === 'participant' && open.sessionId === sessionId;
        if (asked && open.turnId !== null) await this.turns.cancelIn(tx, open.turnId);
      }
      await this.participation.leave(tx, chat, toParticipant(person, participant.handle, false));
    });
  }
}
