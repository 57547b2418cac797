import { randomUUID } from 'node:crypto';
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Database, StandingConnection } from '../database/index.js';

const CHANNEL = 'maestro_events';
/** Bells within this time are told to the other processes by one statement. */
const COALESCE_MS = 5;
/** Heads are compared this often, in case a bell of another process was lost. */
const CHECK_MS = 5_000;

/**
 * Says "this stream may have grown" to listeners in this process and, through NOTIFY, in all others. It carries no
 * event and may be lost or ring for nothing: listeners read the log from their cursor.
 */
@Injectable()
export class Doorbell implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(Doorbell.name);
  private readonly process = randomUUID();
  private readonly listeners = new Map<string, Set<() => void>>();
  private readonly heads = new Map<string, number>();
  private untold = new Set<string>();
  private telling: NodeJS.Timeout | null = null;
  private check: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Database,
    private readonly standing: StandingConnection,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.standing.take({
      setUp: async (client, first) => {
        await client.query(`LISTEN ${CHANNEL}`);
        if (!first) for (const stream of this.listeners.keys()) this.wake(stream);
      },
      onNotification: (_channel, message) => {
        const [process, stream] = message.split(' ', 2);
        if (process !== this.process && stream !== undefined) this.wake(stream);
      },
    });
    this.check = setInterval(() => void this.compareHeads(), CHECK_MS);
  }

  async onModuleDestroy(): Promise<void> {
    if (this.check) clearInterval(this.check);
    if (this.telling) {
      clearTimeout(this.telling);
      await this.tell();
    }
  }

  ring(stream: string): void {
    this.wake(stream);
    this.untold.add(stream);
    this.telling ??= setTimeout(() => void this.tell(), COALESCE_MS);
  }

  listen(stream: string, onBell: () => void): () => void {
    const listeners = this.listeners.get(stream) ?? new Set();
    this.listeners.set(stream, listeners.add(onBell));
    return () => {
      listeners.delete(onBell);
      if (listeners.size > 0 || this.listeners.get(stream) !== listeners) return;
      this.listeners.delete(stream);
      this.heads.delete(stream);
    };
  }

  private wake(stream: string): void {
    for (const listener of this.listeners.get(stream) ?? []) listener();
  }

  private async tell(): Promise<void> {
    const streams = [...this.untold];
    this.untold = new Set();
    this.telling = null;
    try {
      await this.database.query(
        'SELECT pg_notify($1, $2 || stream) FROM unnest($3::text[]) AS told(stream)',
        [CHANNEL, `${this.process} `, streams],
      );
    } catch (error) {
      this.log.warn({ message: 'other processes not told of new events', reason: String(error) });
    }
  }

  private async compareHeads(): Promise<void> {
    if (this.listeners.size === 0) return;
    try {
      const rows = await this.database.query<{ stream: string; head: number }>(
        'SELECT stream, head FROM streams WHERE stream = ANY($1)',
        [[...this.listeners.keys()]],
      );
      for (const { stream, head } of rows) {
        const known = this.heads.get(stream);
        this.heads.set(stream, head);
        if (known !== head) this.wake(stream);
      }
    } catch (error) {
      this.log.warn({ message: 'heads of streams not compared', reason: String(error) });
    }
  }
}
