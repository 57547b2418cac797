import { Injectable } from '@nestjs/common';
import { type GroupChat, type Round } from './groupchat.answers.js';
import { toParticipant } from './participation.js';
import { People, type PeopleById, type Person } from './people.js';
import { type GroupChatRow } from './storage/group-chat.entity.js';
import { GroupChatsRepository } from './storage/group-chats.repository.js';
import { type RoundRow } from './storage/round.entity.js';
import { type RoundTurnRow } from './storage/round-turn.entity.js';
import { RoundsRepository } from './storage/rounds.repository.js';

/** Chats and rounds as clients see them. */
@Injectable()
export class Views {
  constructor(
    private readonly chats: GroupChatsRepository,
    private readonly rounds: RoundsRepository,
    private readonly people: People,
  ) {}

  async chat(chat: GroupChatRow): Promise<GroupChat> {
    const participants = await this.chats.participants(chat.id);
    const ids = [chat.moderatorSessionId, ...participants.map(({ sessionId }) => sessionId)];
    return this.draw(chat, await this.people.find(ids));
  }

  async list(chats: readonly GroupChatRow[]): Promise<GroupChat[]> {
    const people = await this.people.everybody();
    return Promise.all(chats.map((chat) => this.draw(chat, people)));
  }

  async roundsOf(rounds: readonly RoundRow[]): Promise<Round[]> {
    const turns = await this.rounds.turnsOfRounds(rounds.map(({ id }) => id));
    const reasons = await this.rounds.endReasons(rounds.map(({ messageId }) => messageId));
    return rounds.map((round) => ({
      id: round.id,
      messageId: round.messageId,
      number: round.number,
      phase: round.phase,
      moderatorTurnId: round.moderatorTurnId,
      endReason: reasons.get(round.messageId) ?? null,
      turns: turns.filter(({ roundId }) => roundId === round.id).map(toRoundTurn),
      startedAt: round.startedAt.toISOString(),
      closedAt: round.closedAt?.toISOString() ?? null,
    }));
  }

  private async draw(chat: GroupChatRow, people: PeopleById): Promise<GroupChat> {
    const participants = await this.chats.participants(chat.id);
    const working = await this.rounds.working(chat.id);
    const queued = await this.rounds.queued(chat.id);
    return {
      id: chat.id,
      name: chat.name,
      state: chat.state,
      moderator: toModerator(people.get(chat.moderatorSessionId), chat.moderatorSessionId),
      participants: participants.flatMap(({ sessionId, handle }) => {
        const person = people.get(sessionId);
        return person ? [toParticipant(person, handle, working.has(sessionId))] : [];
      }),
      limits: chat.limits,
      queued,
      archived: chat.archived,
      createdAt: chat.createdAt.toISOString(),
      updatedAt: chat.updatedAt.toISOString(),
    };
  }
}

/** A session in use can't be deleted, but a chat may be read in the moment between the two reads. */
const toModerator = (person: Person | undefined, sessionId: string): GroupChat['moderator'] => ({
  sessionId,
  name: person?.name ?? '',
  agent: person?.agent ?? '',
  agentLabel: person?.agentLabel ?? '',
  remote: person?.remote ?? false,
  hostName: person?.hostName ?? null,
  readOnly: person?.readOnly ?? 'none',
});

const toRoundTurn = (turn: RoundTurnRow): Round['turns'][number] => ({
  role: turn.role,
  turnId: turn.turnId,
  sessionId: turn.sessionId,
  handle: turn.handle,
  state: turn.state,
  deadlineAt: turn.deadlineAt?.toISOString() ?? null,
  costUsd: turn.costUsd,
  error: turn.failure,
});
