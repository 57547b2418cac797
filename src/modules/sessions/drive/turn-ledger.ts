import { Injectable } from '@nestjs/common';
import { type Usage, withEstimatedCost } from '../../../agents/index.js';
import { Database, type Tx } from '../../../platform/database/index.js';
import { storableText } from '../../../platform/events/index.js';
import { JobQueue } from '../../../platform/queue/index.js';
import { UsageRecords } from '../../usage/index.js';
import { DRIVE_TURN } from '../drive-turn.job.js';
import { REMOVE_SPOOLS } from '../remove-spools.job.js';
import { SessionsRepository } from '../storage/sessions.repository.js';
import { TurnClaims } from '../storage/turn-claims.js';
import { type Spools, type TurnRow } from '../storage/turn.entity.js';
import { TurnsRepository } from '../storage/turns.repository.js';
import { TurnEvents, type TurnEventType } from '../turn-events.js';
import { isWaiting } from '../turn.js';
import { type TurnEnding, waitFor } from './turn-ending.js';
import { TurnRecorder } from './turn-recorder.js';
import { CONVERSATION_LOST } from './turn-retries.js';
import { usageOf, usageWith } from './turn-usage.js';

/** Writes the steps of a driven turn: taken by its host, and ended. */
@Injectable()
export class TurnLedger {
  constructor(
    private readonly database: Database,
    private readonly turns: TurnsRepository,
    private readonly sessions: SessionsRepository,
    private readonly claims: TurnClaims,
    private readonly events: TurnEvents,
    private readonly jobs: JobQueue,
    private readonly usages: UsageRecords,
  ) {}

  /** @param failed called once when writing fails, so that the reader stops. */
  recorderOf(row: TurnRow, failed: () => void): TurnRecorder {
    return new TurnRecorder(row, this.database, this.turns, this.events, failed);
  }

  async accepted(recorder: TurnRecorder, hostname: string | null, cwd: string): Promise<Date> {
    const startedAt = new Date();
    await recorder.change(
      // A turn that was told to stop meanwhile stays `stopping`.
      ({ state }) => ({
        state: state === 'starting' ? 'running' : state,
        startedAt,
        lastActivityAt: startedAt,
        waiting: null,
        hostname,
        cwd,
      }),
      (tx, changed) => this.events.changed(tx, 'turn.started', changed),
    );
    return startedAt;
  }

  /** The host cannot be heard; what was started there goes on unseen. */
  async unheard(recorder: TurnRecorder, reason: unknown): Promise<void> {
    await recorder.change(
      (current) => {
        const waiting = waitFor(reason, current.waiting);
        return { waiting, unreachableMs: unreachableUntil(waiting.since, current) };
      },
      (tx, changed) => this.events.changed(tx, 'turn.waiting', changed),
    );
  }

  async heardAgain(recorder: TurnRecorder): Promise<void> {
    await recorder.change(
      (current) => ({
        waiting: null,
        unreachableMs: unreachableUntil(new Date().toISOString(), current),
      }),
      (tx, changed) => this.events.changed(tx, 'turn.waiting', changed),
    );
  }

  /**
   * Writes the end, tells the owner, and lets the next in the queue start.
   *
   * @param spools what this attempt has left to remove; what earlier ones have left stays on the list.
   */
  async ended(
    recorder: TurnRecorder,
    row: TurnRow,
    endingOfCurrent: (current: TurnRow) => TurnEnding,
    spools: Spools | null,
  ): Promise<void> {
    const { parser } = row;
    const told = usageOf(parser);
    const usage = told && (await withEstimatedCost(told, parser?.model ?? null));
    let waited = '';
    await recorder.change(
      (current) => {
        waited = current.waiting?.code ?? '';
        const ending = endingOfCurrent(current);
        return {
          waiting: null,
          ...ending,
          text: ending.text === null ? null : storableText(ending.text),
          usage: usageWith(current.usage, usage),
          providerSessionId: parser?.providerSessionId ?? current.providerSessionId,
          finishedAt: isWaiting(ending) ? null : new Date(),
          leaseUntil: null,
          parser: null,
          spools: spools ? withSpools(current.spools ?? [], spools) : current.spools,
        };
      },
      async (tx, ended) => {
        if (usage) await this.spent(tx, ended, parser?.model ?? null, usage);
        if (keepsConversation(ended)) await this.keepConversation(tx, ended);
        const { waiting } = ended;
        if (!waiting) await this.events.changed(tx, EVENT_OF[ended.state], ended);
        else if (waiting.code !== waited) await this.events.changed(tx, 'turn.waiting', ended);
        const next = await this.claims.nextAfter(ended, tx);
        tx.afterCommit(() => {
          const concernsOwner = ended.finishedAt !== null || ended.state === 'limited';
          if (concernsOwner && ended.ownerJob !== null && ended.ownerId !== null) {
            this.jobs.ring(ended.ownerJob, ended.ownerId);
          }
          for (const id of next) this.jobs.ring(DRIVE_TURN.name, id);
          if (spools) this.jobs.ring(REMOVE_SPOOLS.name, row.id);
        });
      },
    );
  }

  private async keepConversation(tx: Tx, row: TurnRow): Promise<void> {
    const { sessionId, providerSessionId } = row;
    const session = await this.sessions.find(sessionId, tx);
    if (providerSessionId === null || session?.providerSessionId === providerSessionId) return;
    if (await this.turns.isOvertaken(row, CONVERSATION_LOST, tx)) return;
    await this.sessions.update(tx, sessionId, { providerSessionId });
    if (session?.providerSessionId != null) {
      await this.events.conversationChanged(tx, sessionId, providerSessionId);
    }
  }

  private async spent(tx: Tx, row: TurnRow, model: string | null, usage: Usage): Promise<void> {
    const session = await this.sessions.find(row.sessionId, tx);
    if (!session) return;
    const { id: turnId, attempts: attempt, sessionId, kind, ownerId, remoteId } = row;
    const inChat = kind === 'moderator' || kind === 'participant';
    const owner = { runId: inChat ? null : ownerId, groupChatId: inChat ? ownerId : null };
    const { agent } = session;
    await this.usages.add(tx, {
      ...{ turnId, attempt, at: new Date(), sessionId, agent, model, remoteId, ...owner, usage },
    });
  }
}

/** An attempt that was postponed comes again under its number. */
const withSpools = (earlier: readonly Spools[], spools: Spools): Spools[] => [
  ...earlier.filter(({ attempt }) => attempt !== spools.attempt),
  spools,
];

/** How long a host could not be heard since it had begun the turn, when `waiting` is no longer counted from its `since`. */
const unreachableUntil = (
  since: string,
  { startedAt, waiting, unreachableMs }: Pick<TurnRow, 'startedAt' | 'waiting' | 'unreachableMs'>,
): number =>
  startedAt && waiting
    ? unreachableMs + Math.max(0, Date.parse(since) - Date.parse(waiting.since))
    : unreachableMs;

/**
 * Turns that speak in the session's own conversation; tasks and moderators have one each of their own. One that was begun
 * in place of a lost one is kept when it has succeeded: else the next turn tells the transcript anew.
 */
const keepsConversation = ({ kind, fresh, earlier, state }: TurnRow): boolean =>
  (kind === 'message' || !fresh) &&
  (state === 'completed' || !earlier.some(({ code }) => code === CONVERSATION_LOST));

const EVENT_OF: Record<TurnEnding['state'], TurnEventType> = {
  queued: 'turn.queued',
  starting: 'turn.started',
  running: 'turn.started',
  stopping: 'turn.stopping',
  completed: 'turn.completed',
  failed: 'turn.failed',
  cancelled: 'turn.cancelled',
  limited: 'turn.limited',
  lost: 'turn.lost',
};
