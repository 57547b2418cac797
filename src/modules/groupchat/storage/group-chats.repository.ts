import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { Database, type Sql, type Tx } from '../../../platform/database/index.js';
import { GroupChatEntity, type GroupChatRow } from './group-chat.entity.js';
import { ParticipantEntity, type ParticipantRow } from './participant.entity.js';

@Injectable()
export class GroupChatsRepository {
  constructor(private readonly database: Database) {}

  async insert(tx: Tx, chat: GroupChatRow): Promise<void> {
    await tx.of(GroupChatEntity).insert(chat);
  }

  find(id: string, sql: Sql = this.database): Promise<GroupChatRow | null> {
    return sql.of(GroupChatEntity).findOneBy({ id });
  }

  /** The row, locked until the end of the transaction: whatever changes a chat holds it. */
  lock(tx: Tx, id: string): Promise<GroupChatRow | null> {
    return tx.of(GroupChatEntity).findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  page(after: string | undefined, limit: number): Promise<GroupChatRow[]> {
    const rows = this.database.of(GroupChatEntity).createQueryBuilder('c');
    if (after !== undefined) rows.where('c.id > :after', { after });
    return rows.orderBy('c.id').limit(limit).getMany();
  }

  async update(tx: Tx, id: string, change: Partial<Omit<GroupChatRow, 'id'>>): Promise<void> {
    await tx
      .of(GroupChatEntity)
      .createQueryBuilder()
      .update()
      .set({ ...change, updatedAt: new Date() })
      .where('id = :id', { id })
      .execute();
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.of(GroupChatEntity).delete({ id });
  }

  async isModerator(tx: Tx, sessionId: string): Promise<boolean> {
    return tx.of(GroupChatEntity).existsBy({ moderatorSessionId: sessionId });
  }

  /** Those who take part, in the order of their joining; with tombstones on request. */
  participants(chatId: string, sql: Sql = this.database): Promise<ParticipantRow[]> {
    return sql.of(ParticipantEntity).find({
      where: { chatId, removedAt: IsNull() },
      order: { addedAt: 'ASC', sessionId: 'ASC' },
    });
  }

  async removedSessions(tx: Tx, chatId: string): Promise<Set<string>> {
    const rows = await tx.query<{ session_id: string }>(
      'SELECT session_id FROM group_chat_participants WHERE chat_id = $1 AND removed_at IS NOT NULL',
      [chatId],
    );
    return new Set(rows.map((row) => row.session_id));
  }

  async addParticipant(tx: Tx, participant: ParticipantRow): Promise<void> {
    await tx.of(ParticipantEntity).upsert(participant, ['chatId', 'sessionId']);
  }

  async removeParticipant(tx: Tx, chatId: string, sessionId: string): Promise<void> {
    await tx.of(ParticipantEntity).update({ chatId, sessionId }, { removedAt: new Date() });
  }

  /** Chats in which something may be due: those at work, and those with a message that waits or a turn still open. */
  async busy(): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM group_chats WHERE state <> 'idle'
       UNION SELECT chat_id FROM group_chat_questions WHERE state = 'queued'
       UNION SELECT chat_id FROM group_chat_round_turns WHERE NOT settled`,
    );
    return rows.map(({ id }) => id);
  }
}
