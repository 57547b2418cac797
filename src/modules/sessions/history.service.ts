import { Injectable } from '@nestjs/common';
import { page, type Page, type PageQuery } from '../../platform/http/index.js';
import { SessionNotFound } from './sessions.errors.js';
import { type HistoryEntry } from './sessions.schemas.js';
import { SessionsRepository } from './storage/sessions.repository.js';
import { type TurnRow } from './storage/turn.entity.js';
import { TurnsRepository } from './storage/turns.repository.js';
import { type TurnKind } from './turn.js';

const TYPE_OF: Record<TurnKind, HistoryEntry['type']> = {
  message: 'USER',
  task: 'AUTO',
  synopsis: 'AUTO',
  moderator: 'GROUP',
  participant: 'GROUP',
};

/** What a session has done: its ended turns, each with a one-line summary. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly turns: TurnsRepository,
    private readonly sessions: SessionsRepository,
  ) {}

  async list(sessionId: string, { cursor, limit }: PageQuery): Promise<Page<HistoryEntry>> {
    if (!(await this.sessions.find(sessionId))) throw new SessionNotFound(sessionId);
    const rows = await this.turns.ended(sessionId, cursor, limit + 1);
    return page(rows.map(toEntry), limit, ({ id }) => id);
  }
}

const toEntry = (row: TurnRow): HistoryEntry => ({
  id: row.id,
  type: TYPE_OF[row.kind],
  at: (row.finishedAt ?? row.queuedAt).toISOString(),
  summary: firstSentence(row.text ?? row.error?.message ?? ''),
  response: row.text,
  turnId: row.id,
  success: row.state === 'completed',
  elapsedMs:
    row.startedAt && row.finishedAt ? row.finishedAt.getTime() - row.startedAt.getTime() : null,
  usage: row.usage,
});

const MAX_SUMMARY = 150;

/** The first sentence of an answer, or as much of it as fits on a line. */
export const firstSentence = (text: string): string => {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  const [sentence] = new Intl.Segmenter('en', { granularity: 'sentence' }).segment(
    line.slice(0, 2 * MAX_SUMMARY),
  );
  const summary = sentence?.segment.trim() ?? '';
  return summary.length > MAX_SUMMARY ? `${summary.slice(0, MAX_SUMMARY - 1)}…` : summary;
};
