import {
  CursorExpired,
  type EventLog,
  type LoggedEvent,
} from '../../../../src/platform/events/index.js';

/** A log without a database; `reading` lets a test see and steer each reading. */
export class InMemoryLog implements Pick<EventLog, 'read' | 'subscribe'> {
  readonly streams = new Map<string, LoggedEvent[]>();
  readonly bells = new Map<string, Set<() => void>>();
  oldest = 1;
  reading: (after: number) => Promise<void> = async () => undefined;

  append(stream: string, ...data: unknown[]): void {
    const events = this.streams.get(stream) ?? [];
    this.streams.set(stream, events);
    for (const one of data) {
      const seq = events.length + 1;
      events.push({ stream, seq, type: 'told', at: '2026-01-01T00:00:00.000Z', data: one });
    }
    for (const ring of this.bells.get(stream) ?? []) ring();
  }

  async read(
    stream: string,
    after: number,
    limit: number,
  ): Promise<{ events: LoggedEvent[]; head: number }> {
    const events = this.streams.get(stream) ?? [];
    const page = { events: events.slice(after, after + limit), head: events.length };
    await this.reading(after);
    if (after + 1 < this.oldest) throw new CursorExpired(stream, this.oldest);
    return page;
  }

  subscribe(stream: string, onBell: () => void): () => void {
    const bells = this.bells.get(stream) ?? new Set();
    this.bells.set(stream, bells.add(onBell));
    return () => bells.delete(onBell);
  }

  listeners(stream: string): number {
    return this.bells.get(stream)?.size ?? 0;
  }
}

export const STREAM = 'session:0199aaaa-0000-7000-8000-000000000001';
