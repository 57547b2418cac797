import { Injectable } from '@nestjs/common';
import { Database, type Sql, type Tx } from '../../../platform/database/index.js';
import { type EndReason } from '../group-chat.js';
import { QuestionEntity, type QuestionRow } from './question.entity.js';
import { RoundEntity, type RoundRow } from './round.entity.js';
import { RoundTurnEntity, type RoundTurnRow } from './round-turn.entity.js';

/** Questions, the rounds that answer them, and the turns of the rounds. */
@Injectable()
export class RoundsRepository {
  constructor(private readonly database: Database) {}

  async ask(tx: Tx, question: QuestionRow): Promise<void> {
    await tx.of(QuestionEntity).insert(question);
  }

  activeQuestion(chatId: string, sql: Sql): Promise<QuestionRow | null> {
    return sql.of(QuestionEntity).findOneBy({ chatId, state: 'active' });
  }

  nextQuestion(chatId: string, sql: Sql): Promise<QuestionRow | null> {
    return sql
      .of(QuestionEntity)
      .findOne({ where: { chatId, state: 'queued' }, order: { seq: 'ASC' } });
  }

  async updateQuestion(
    tx: Tx,
    messageId: string,
    change: Partial<Omit<QuestionRow, 'messageId'>>,
  ): Promise<void> {
    await tx.of(QuestionEntity).update({ messageId }, change);
  }

  async endQueued(tx: Tx, chatId: string, endReason: EndReason): Promise<void> {
    await tx
      .of(QuestionEntity)
      .update({ chatId, state: 'queued' }, { state: 'ended', endReason, endedAt: new Date() });
  }

  /** How many messages wait. */
  queued(chatId: string, sql: Sql = this.database): Promise<number> {
    return sql.of(QuestionEntity).countBy({ chatId, state: 'queued' });
  }

  async insert(tx: Tx, round: RoundRow): Promise<void> {
    await tx.of(RoundEntity).insert(round);
  }

  async update(tx: Tx, id: string, change: Partial<Omit<RoundRow, 'id'>>): Promise<void> {
    await tx.of(RoundEntity).update({ id }, change);
  }

  ofQuestion(messageId: string, sql: Sql): Promise<RoundRow[]> {
    return sql.of(RoundEntity).find({ where: { messageId }, order: { number: 'ASC' } });
  }

  all(chatId: string): Promise<RoundRow[]> {
    return this.database.of(RoundEntity).find({ where: { chatId }, order: { id: 'ASC' } });
  }

  page(chatId: string, after: string | undefined, limit: number): Promise<RoundRow[]> {
    const rows = this.database
      .of(RoundEntity)
      .createQueryBuilder('r')
      .where('r.chatId = :chatId', { chatId });
    if (after !== undefined) rows.andWhere('r.id > :after', { after });
    return rows.orderBy('r.id').limit(limit).getMany();
  }

  /** The numbers of rounds, by id. */
  async numbers(sql: Sql, ids: readonly string[]): Promise<Map<string, number>> {
    const rows = await sql.query<{ id: string; number: number }>(
      'SELECT id, number FROM group_chat_rounds WHERE id = ANY($1)',
      [ids],
    );
    return new Map(rows.map((row) => [row.id, row.number]));
  }

  async endReasons(messageIds: readonly string[]): Promise<Map<string, EndReason | null>> {
    const rows = await this.database.query<{ message_id: string; end_reason: EndReason | null }>(
      'SELECT message_id, end_reason FROM group_chat_questions WHERE message_id = ANY($1)',
      [messageIds],
    );
    return new Map(rows.map((row) => [row.message_id, row.end_reason]));
  }

  async insertTurn(tx: Tx, turn: RoundTurnRow): Promise<void> {
    await tx.of(RoundTurnEntity).insert(turn);
  }

  async updateTurn(
    tx: Tx,
    id: string,
    change: Partial<Pick<RoundTurnRow, 'state' | 'settled' | 'costUsd' | 'failure'>>,
  ): Promise<void> {
    await tx
      .of(RoundTurnEntity)
      .createQueryBuilder()
      .update()
      .set(change)
      .where('id = :id', { id })
      .execute();
  }

  turnsOfRounds(roundIds: readonly string[], sql: Sql = this.database): Promise<RoundTurnRow[]> {
    return sql
      .of(RoundTurnEntity)
      .createQueryBuilder('t')
      .where('t.roundId = ANY(:roundIds)', { roundIds })
      .orderBy('t.id')
      .getMany();
  }

  unsettled(chatId: string, sql: Sql): Promise<RoundTurnRow[]> {
    return sql
      .of(RoundTurnEntity)
      .find({ where: { chatId, settled: false }, order: { id: 'ASC' } });
  }

  /** Sessions that have been asked and whose answer is waited for. */
  async working(chatId: string): Promise<Set<string>> {
    const rows = await this.database
      .of(RoundTurnEntity)
      .findBy({ chatId, settled: false, state: 'pending', role: 'participant' });
    return new Set(rows.map(({ sessionId }) => sessionId));
  }
}
