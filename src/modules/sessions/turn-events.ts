import { Injectable } from '@nestjs/common';
import { type Tx } from '../../platform/database/index.js';
import { EventLog } from '../../platform/events/index.js';
import { SessionsRepository } from './storage/sessions.repository.js';
import { type TurnRow } from './storage/turn.entity.js';
import { toTurn } from './storage/turns.repository.js';
import { type Turn } from './turn.js';

export type TurnEventType =
  | 'turn.queued'
  | 'turn.started'
  | 'turn.waiting'
  | 'turn.stopping'
  | 'turn.completed'
  | 'turn.failed'
  | 'turn.cancelled'
  | 'turn.limited'
  | 'turn.lost';

/** What its agent has said or done. */
export type SaidEventType =
  | 'turn.output'
  | 'turn.reasoning'
  | 'turn.tool'
  | 'turn.usage'
  | 'turn.unknown'
  | 'turn.resumed-afresh';

export const sessionStream = (sessionId: string): string => `session:${sessionId}`;

/** Tells a session's stream what became of its turns. */
@Injectable()
export class TurnEvents {
  constructor(
    private readonly log: EventLog,
    private readonly sessions: SessionsRepository,
  ) {}

  /** The turn's new state, and what it makes of the session's. The prompt stays out: it may be megabytes. */
  async changed(tx: Tx, type: TurnEventType, row: TurnRow): Promise<void> {
    const turn: Partial<Turn> = toTurn(row);
    delete turn.prompt;
    const { sessionId } = row;
    const { activeTurnId, queued, ...rest } = await this.sessions.standing(sessionId, tx);
    const state = stateOf({ activeTurnId, ...rest });
    await this.log.appendAll(tx, sessionStream(sessionId), [
      { type, data: { turnId: row.id, turn } },
      { type: 'session.updated', data: { sessionId, state, activeTurnId, queued } },
    ]);
  }

  /** Its session goes on with another conversation of its provider. */
  async conversationChanged(tx: Tx, sessionId: string, providerSessionId: string): Promise<void> {
    const data = { sessionId, providerSessionId };
    await this.log.append(tx, sessionStream(sessionId), 'session.updated', data);
  }

  /** All at once: a turn that says much must not keep others from its row for long. */
  async said(tx: Tx, row: TurnRow, told: readonly [SaidEventType, object][]): Promise<void> {
    if (told.length === 0) return;
    await this.log.appendAll(
      tx,
      sessionStream(row.sessionId),
      told.map(([type, data]) => ({ type, data: { turnId: row.id, ...data } })),
    );
  }
}

export const stateOf = (activity: {
  activeTurnId: string | null;
  limited: boolean;
  lastFailed: boolean;
}): 'idle' | 'busy' | 'error' | 'limited' => {
  if (activity.activeTurnId !== null) return 'busy';
  if (activity.limited) return 'limited';
  return activity.lastFailed ? 'error' : 'idle';
};
