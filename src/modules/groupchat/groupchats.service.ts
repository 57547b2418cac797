import { Injectable } from '@nestjs/common';
import { Database, makeOnce, type Tx } from '../../platform/database/index.js';
import { page, type Page, type PageQuery } from '../../platform/http/index.js';
import { Chronicle } from './chronicle.js';
import { DEFAULT_LIMITS, type GroupChatLimits } from './group-chat.js';
import { type GroupChat } from './groupchat.answers.js';
import {
  GroupChatBusy,
  GroupChatNotFound,
  ModeratorCannotParticipate,
} from './groupchat.errors.js';
import { type GroupChatPatch, type NewGroupChat } from './groupchat.schemas.js';
import { Handles } from './mentions/handle.js';
import { Moderators } from './moderators.service.js';
import { Participation } from './participation.js';
import { People, type Person } from './people.js';
import { type GroupChatRow } from './storage/group-chat.entity.js';
import { GroupChatsRepository } from './storage/group-chats.repository.js';
import { RoundsRepository } from './storage/rounds.repository.js';
import { Views } from './views.js';

/** Group chats: made, changed, put away. */
@Injectable()
export class GroupChatsService {
  constructor(
    private readonly database: Database,
    private readonly chats: GroupChatsRepository,
    private readonly rounds: RoundsRepository,
    private readonly moderators: Moderators,
    private readonly people: People,
    private readonly participation: Participation,
    private readonly chronicle: Chronicle,
    private readonly views: Views,
  ) {}

  /** A chat that has the id already is answered as it is: the request was repeated. */
  async create(id: string, input: NewGroupChat): Promise<GroupChat> {
    if (await this.chats.find(id)) return this.get(id);
    const sessionIds = [...new Set(input.participants)];
    const people = await Promise.all(sessionIds.map((sessionId) => this.people.get(sessionId)));
    await this.moderators.require(input.moderator);
    return makeOnce(
      'group_chats_pkey',
      async () => {
        await this.database.transaction((tx) => this.insert(tx, id, input, people));
        return this.get(id);
      },
      () => this.get(id),
    );
  }

  async list({ cursor, limit }: PageQuery): Promise<Page<GroupChat>> {
    const rows = await this.chats.page(cursor, limit + 1);
    const { items, nextCursor } = page(rows, limit, ({ id }) => id);
    return { items: await this.views.list(items), nextCursor };
  }

  async get(id: string): Promise<GroupChat> {
    return this.views.chat(await this.find(id));
  }

  async find(id: string): Promise<GroupChatRow> {
    const chat = await this.chats.find(id);
    if (!chat) throw new GroupChatNotFound(id);
    return chat;
  }

  async patch(id: string, patch: GroupChatPatch): Promise<GroupChat> {
    if (patch.moderator) await this.moderators.require(patch.moderator);
    await this.database.transaction(async (tx) => {
      const chat = await this.lock(tx, id);
      const { name = chat.name } = patch;
      const archived = patch.archived === undefined ? chat.archived : (patch.archived ?? false);
      if (archived && !chat.archived) await this.requireIdle(tx, chat, 'archived');
      const change = {
        name,
        archived,
        limits: patch.limits === null ? DEFAULT_LIMITS : mergedLimits(chat.limits, patch.limits),
        moderatorSessionId: chat.moderatorSessionId,
      };
      if (patch.moderator) {
        await this.requireIdle(tx, chat, 'given another moderator');
        change.moderatorSessionId = await this.moderators.appoint(tx, name, patch.moderator);
        const participants = await this.chats.participants(id, tx);
        if (participants.some(({ sessionId }) => sessionId === change.moderatorSessionId)) {
          throw new ModeratorCannotParticipate(change.moderatorSessionId);
        }
      }
      await this.chats.update(tx, id, change);
      const before = chat.moderatorSessionId;
      if (before !== change.moderatorSessionId) await this.moderators.dismiss(tx, before);
      await this.chronicle.become(tx, chat, chat.state);
    });
    return this.get(id);
  }

  archive(id: string): Promise<GroupChat> {
    return this.patch(id, { archived: true });
  }

  async delete(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const chat = await this.lock(tx, id);
      await this.requireIdle(tx, chat, 'deleted');
      await this.chats.delete(tx, id);
      await this.moderators.dismiss(tx, chat.moderatorSessionId);
    });
  }

  async lock(tx: Tx, id: string): Promise<GroupChatRow> {
    const chat = await this.chats.lock(tx, id);
    if (!chat) throw new GroupChatNotFound(id);
    return chat;
  }

  private async requireIdle(tx: Tx, chat: GroupChatRow, what: string): Promise<void> {
    const open = await this.rounds.unsettled(chat.id, tx);
    const queued = await this.rounds.queued(chat.id, tx);
    if (chat.state !== 'idle' || queued > 0 || open.length > 0)
      throw new GroupChatBusy(chat.id, what);
  }

  private async insert(
    tx: Tx,
    id: string,
    { name, moderator, limits }: NewGroupChat,
    people: readonly Person[],
  ): Promise<void> {
    const moderatorSessionId = await this.moderators.appoint(tx, name, moderator);
    if (people.some(({ sessionId }) => sessionId === moderatorSessionId)) {
      throw new ModeratorCannotParticipate(moderatorSessionId);
    }
    const now = new Date();
    const chat: GroupChatRow = {
      id,
      name,
      moderatorSessionId,
      limits: mergedLimits(DEFAULT_LIMITS, limits),
      state: 'idle',
      archived: false,
      lastSeq: 0,
      createdAt: now,
      updatedAt: now,
    };
    await this.chats.insert(tx, chat);
    const handles = new Handles([]);
    for (const person of people) {
      const seat = { person, handle: handles.take(person.name), joins: true };
      await this.participation.join(tx, chat, seat, 'user');
    }
    await this.chronicle.become(tx, chat, 'idle');
  }
}

/** A limit that is null goes back to its default; one that is absent stays. */
const mergedLimits = (
  limits: GroupChatLimits,
  change: GroupChatPatch['limits'] | undefined,
): GroupChatLimits => ({
  maxRounds:
    change?.maxRounds === undefined
      ? limits.maxRounds
      : (change.maxRounds ?? DEFAULT_LIMITS.maxRounds),
  participantTimeoutMs:
    change?.participantTimeoutMs === undefined
      ? limits.participantTimeoutMs
      : (change.participantTimeoutMs ?? DEFAULT_LIMITS.participantTimeoutMs),
  maxCostUsd: change?.maxCostUsd === undefined ? limits.maxCostUsd : change.maxCostUsd,
});
