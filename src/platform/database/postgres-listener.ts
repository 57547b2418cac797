import { Injectable, Logger } from '@nestjs/common';
import { Client } from 'pg';
import { DataSource } from 'typeorm';

export interface Listening {
  onMessage: (payload: string) => void;
  /** Called after the connection was lost and came back: messages in between are gone. */
  onGap: () => void;
}

const RECONNECT_MS = 1_000;

/** One connection of its own for LISTEN, opened again whenever it is lost. */
@Injectable()
export class PostgresListener {
  private readonly log = new Logger(PostgresListener.name);
  private client: Client | null = null;
  private retry: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(private readonly source: DataSource) {}

  async listen(channel: string, listening: Listening): Promise<void> {
    const { options } = this.source;
    if (options.type !== 'postgres' || options.url === undefined) {
      throw new Error('LISTEN needs a PostgreSQL URL');
    }
    const client = new Client({
      connectionString: options.url,
      application_name: 'maestro-server listener',
      keepAlive: true,
    });
    const lost = (): void => {
      if (this.closed || this.client !== client) return;
      this.client = null;
      this.retry = setTimeout(() => void this.again(channel, listening), RECONNECT_MS);
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => {
      if (payload !== undefined) listening.onMessage(payload);
    });
    await client.connect();
    this.client = client;
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.retry) clearTimeout(this.retry);
    await this.client?.end();
  }

  private async again(channel: string, listening: Listening): Promise<void> {
    if (this.closed) return;
    try {
      await this.listen(channel, listening);
      listening.onGap();
    } catch (error) {
      this.log.warn({ message: 'cannot listen to PostgreSQL', reason: String(error) });
      this.retry = setTimeout(() => void this.again(channel, listening), RECONNECT_MS);
    }
  }
}
