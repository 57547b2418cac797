import { Injectable } from '@nestjs/common';
import { Database, type Sql, type Tx } from '../../../platform/database/index.js';
import { MessageEntity, type MessageRow } from './message.entity.js';

export interface MessageImage {
  id: string;
  name: string;
}

@Injectable()
export class MessagesRepository {
  constructor(private readonly database: Database) {}

  async insert(tx: Tx, message: MessageRow): Promise<void> {
    await tx.of(MessageEntity).insert(message);
  }

  async giveImages(tx: Tx, messageId: string, imageIds: readonly string[]): Promise<void> {
    if (imageIds.length === 0) return;
    await tx.query(
      `INSERT INTO group_chat_message_images (message_id, position, image_id)
       SELECT $1, position, image_id FROM unnest($2::uuid[]) WITH ORDINALITY AS given(image_id, position)`,
      [messageId, imageIds],
    );
  }

  imagesOf(tx: Tx, messageId: string): Promise<MessageImage[]> {
    return tx.query(
      `SELECT id, name FROM group_chat_message_images JOIN images ON images.id = image_id
       WHERE message_id = $1 ORDER BY position`,
      [messageId],
    );
  }

  find(chatId: string, id: string, sql: Sql = this.database): Promise<MessageRow | null> {
    return sql.of(MessageEntity).findOneBy({ chatId, id });
  }

  page(chatId: string, after: number, limit: number): Promise<MessageRow[]> {
    return this.database
      .of(MessageEntity)
      .createQueryBuilder('m')
      .where('m.chatId = :chatId AND m.seq > :after', { chatId, after })
      .orderBy('m.seq')
      .limit(limit)
      .getMany();
  }

  all(chatId: string): Promise<MessageRow[]> {
    return this.database.of(MessageEntity).find({ where: { chatId }, order: { seq: 'ASC' } });
  }

  /** What was said last, oldest first, without the messages that still wait for their answer. */
  async recent(
    tx: Tx,
    chatId: string,
    limit: number,
    within: { upTo?: number; except?: string } = {},
  ): Promise<MessageRow[]> {
    const messages = tx
      .of(MessageEntity)
      .createQueryBuilder('m')
      .where('m.chatId = :chatId', { chatId })
      .andWhere(
        `NOT EXISTS (SELECT 1 FROM group_chat_questions q WHERE q.message_id = m.id AND q.state = 'queued')`,
      )
      .orderBy('m.seq', 'DESC')
      .limit(limit);
    if (within.upTo !== undefined) messages.andWhere('m.seq <= :upTo', { upTo: within.upTo });
    if (within.except !== undefined)
      messages.andWhere('m.id <> :except', { except: within.except });
    return (await messages.getMany()).reverse();
  }

  /** What the turns said, by turn id. */
  async ofTurns(tx: Tx, turnIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await tx.query<{ turn_id: string; text: string }>(
      `SELECT turn_id, text FROM group_chat_messages WHERE turn_id = ANY($1) AND sender <> 'system'`,
      [turnIds],
    );
    return new Map(rows.map((row) => [row.turn_id, row.text]));
  }
}
