import { type Fact } from '../../../agents/index.js';
import { type Database, type Tx } from '../../../platform/database/index.js';
import { storable, storableText } from '../../../platform/events/index.js';
import { type StoredParserState, type TurnRow } from '../storage/turn.entity.js';
import { type TurnsRepository } from '../storage/turns.repository.js';
import { type SaidEventType, type TurnEvents } from '../turn-events.js';

/** What a client is told of a running turn. */
export type TurnFact =
  | Fact
  /** The provider's conversation is another than the one that was to be resumed. */
  | {
      type: 'resumed-afresh';
      from: string;
      to: string;
      /** The old one is gone, and was told anew; else the CLI goes on with it under another id. */
      isLost: boolean;
    };

export type TurnChange = Partial<Omit<TurnRow, 'id' | 'fence'>>;

/** Another worker has taken the turn: whatever this one knows of it is no longer its to write. */
export class TurnTaken extends Error {}

/** One event per turn and this time at the most; what comes in between is joined. */
const COALESCE_MS = 50;
/** Output waiting to be written beyond this makes the reader wait. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** Of one name that a driver tells of a turn. */
const MAX_UNKNOWN = 100;
const STDERR_TAIL_CHARACTERS = 16 * 1024;

/**
 * Writes what a turn's agent said: facts, parser state and the byte offset that they were read up to, in one transaction
 * under the turn's fence. So whoever goes on from the offset neither repeats nor misses an event.
 */
export class TurnRecorder {
  private facts: TurnFact[] = [];
  private pendingBytes = 0;
  private dirty = false;
  private writtenAt = 0;
  private isWriting = false;
  private timer: NodeJS.Timeout | null = null;
  private flushing: Promise<void> = Promise.resolve();
  private failure: unknown = null;
  private readonly unknown = new Map<string, number>();
  /** The first bytes of a character of stderr whose others have not come yet. */
  private cutCharacter: Buffer = Buffer.alloc(0);
  /** Called after every write with the parser's state that it has stored. */
  written: (parser: StoredParserState | null) => void = () => undefined;

  constructor(
    private readonly row: TurnRow,
    private readonly database: Database,
    private readonly turns: TurnsRepository,
    private readonly events: TurnEvents,
    /** Called once when writing fails, so that the reader stops. */
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Takes what the lines up to `stdoutOffset` meant. */
  said(
    state: StoredParserState,
    facts: readonly TurnFact[],
    stdoutOffset: number,
    bytes: number,
  ): void {
    this.row.parser = state;
    this.row.stdoutOffset = stdoutOffset;
    for (const fact of facts) {
      const told = this.atMost(fact);
      if (told) this.facts.push(told);
    }
    this.touched(bytes);
  }

  complained(chunk: Buffer, stderrOffset: number): void {
    const bytes = Buffer.concat([this.cutCharacter, chunk]);
    const whole = bytes.length - begunBytes(bytes);
    // Whoever takes over reads it anew.
    this.cutCharacter = bytes.subarray(whole);
    const tail = this.row.stderrTail + bytes.toString('utf8', 0, whole);
    this.row.stderrTail = storableText(tail.slice(-STDERR_TAIL_CHARACTERS));
    this.row.stderrOffset = stderrOffset - this.cutCharacter.length;
    this.touched(chunk.length);
  }

  /** What nobody knows the meaning of is told for people to look at, who need not see it thousands of times. */
  private atMost(fact: TurnFact): TurnFact | null {
    if (fact.type !== 'unknown') return fact;
    const times = (this.unknown.get(fact.name) ?? 0) + 1;
    this.unknown.set(fact.name, times);
    if (times > MAX_UNKNOWN) return null;
    return times < MAX_UNKNOWN ? fact : { ...fact, raw: 'More of these are not shown.' };
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    if (this.pendingBytes > MAX_PENDING_BYTES) await this.flush();
  }

  /** Writes everything taken so far. */
  async flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.flushing = this.flushing.then(() => this.write());
    await this.flushing;
    if (this.failure !== null) throw this.failure as Error;
  }

  /**
   * Writes everything taken so far, then a change of the row with its event. The change is worked out from the row as it
   * is now, locked: others may have told the turn to stop.
   */
  async change(
    changeOf: (current: TurnRow) => TurnChange,
    tell: (tx: Tx, changed: TurnRow) => Promise<void>,
  ): Promise<void> {
    await this.flush();
    const changed = await this.database.transaction(async (tx) => {
      const current = await this.turns.lock(this.row.id, tx);
      if (current?.fence !== this.row.fence) throw new TurnTaken();
      const change = changeOf(current);
      await this.turns.update(tx, current.id, change);
      const next = { ...current, ...change };
      await tell(tx, next);
      return next;
    });
    Object.assign(this.row, changed);
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private touched(bytes: number): void {
    this.dirty = true;
    this.pendingBytes += bytes;
    this.flushInTime();
  }

  /** Long after the last write as well when that has taken long. */
  private flushInTime(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.waitMs > 0) this.flushInTime();
      // The failure reaches the reader through `failed`.
      else this.flush().catch(() => undefined);
    }, this.waitMs);
  }

  private get waitMs(): number {
    if (this.isWriting) return COALESCE_MS;
    return Math.max(0, this.writtenAt + COALESCE_MS - Date.now());
  }

  private async write(): Promise<void> {
    if (!this.dirty || this.failure !== null) return;
    const { facts, row } = this;
    this.facts = [];
    this.pendingBytes = 0;
    this.dirty = false;
    this.isWriting = true;
    row.lastActivityAt = new Date();
    // As whoever takes over would read it, and as the end of the turn may be written.
    row.parser = storable(row.parser) as StoredParserState | null;
    const change = {
      stdoutOffset: row.stdoutOffset,
      stderrOffset: row.stderrOffset,
      stderrTail: row.stderrTail,
      parser: row.parser,
      lastActivityAt: row.lastActivityAt,
    };
    try {
      await this.database.transaction(async (tx) => {
        await this.fenced(tx, change);
        await this.events.said(tx, row, joined(facts).map(eventOf));
      });
    } catch (error) {
      this.failure = error;
      this.failed(error);
      return;
    } finally {
      this.isWriting = false;
      this.writtenAt = Date.now();
    }
    this.written(change.parser);
  }

  private async fenced(tx: Tx, change: TurnChange): Promise<void> {
    const { id, fence } = this.row;
    if (!(await this.turns.updateFenced(tx, id, fence, change))) throw new TurnTaken();
  }
}

/** How many bytes at the end begin a character of UTF-8 that goes on beyond it. */
const begunBytes = (bytes: Buffer): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >> 6 === 0b10) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
};

/** Consecutive pieces of text, or of reasoning, as one. */
const joined = (facts: readonly TurnFact[]): TurnFact[] => {
  const result: TurnFact[] = [];
  for (const fact of facts) {
    const last = result.at(-1);
    if (last && 'text' in fact && 'text' in last && fact.type === last.type) {
      result[result.length - 1] = { type: fact.type, text: last.text + fact.text };
    } else result.push(fact);
  }
  return result;
};

const eventOf = (fact: TurnFact): [SaidEventType, object] => {
  switch (fact.type) {
    case 'text':
      return ['turn.output', { text: fact.text }];
    case 'reasoning':
      return ['turn.reasoning', { text: fact.text }];
    case 'tool': {
      const { type, ...tool } = fact;
      return [`turn.${type}`, { tool }];
    }
    case 'model-call':
      return ['turn.usage', { model: fact.model, tokens: fact.tokens }];
    case 'unknown':
      return ['turn.unknown', { name: fact.name, raw: fact.raw }];
    case 'resumed-afresh': {
      const { from, to, isLost } = fact;
      return [
        'turn.resumed-afresh',
        { from, to, reason: isLost ? 'session-not-found' : 'renamed' },
      ];
    }
  }
};
