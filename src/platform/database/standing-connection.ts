import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Client, type Notification } from 'pg';
import { DataSource } from 'typeorm';

const RECONNECT_MS = 1_000;

/** What holds for as long as one connection lives, such as LISTEN and session locks: set up anew on each. */
export interface Tenant {
  /** Called on every new connection; `first` is false when an earlier one was lost: messages in between are gone. */
  setUp(client: Pick<Client, 'query'>, first: boolean): Promise<void>;
  onNotification?(channel: string, payload: string): void;
}

/** The one connection of this process that stays open, and is opened again whenever it is lost. */
@Injectable()
export class StandingConnection implements OnModuleInit, OnModuleDestroy {
  private readonly log = new Logger(StandingConnection.name);
  private readonly tenants: Tenant[] = [];
  private readonly settled = new Set<Tenant>();
  private client: Client | null = null;
  private opening: Promise<void> | null = null;
  private retry: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(private readonly source: DataSource) {}

  async onModuleInit(): Promise<void> {
    await this.open();
  }

  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    if (this.retry) clearTimeout(this.retry);
    await this.client?.end();
  }

  /** Takes a tenant in; resolves when its first set-up is done. */
  async take(tenant: Tenant): Promise<void> {
    await this.open();
    this.tenants.push(tenant);
    if (this.client) await this.settle(this.client, tenant);
  }

  private open(): Promise<void> {
    if (this.client) return Promise.resolve();
    this.opening ??= this.connect().finally(() => (this.opening = null));
    return this.opening;
  }

  private async connect(): Promise<void> {
    const { options } = this.source;
    if (options.type !== 'postgres' || options.url === undefined) {
      throw new Error('The database is not given by a PostgreSQL URL');
    }
    const client = new Client({
      connectionString: options.url,
      application_name: 'maestro-server standing',
      keepAlive: true,
    });
    client.on('error', () => {
      this.lost(client);
    });
    client.on('end', () => {
      this.lost(client);
    });
    client.on('notification', ({ channel, payload }: Notification) => {
      for (const tenant of this.tenants) tenant.onNotification?.(channel, payload ?? '');
    });
    try {
      await client.connect();
      for (const tenant of this.tenants) await this.settle(client, tenant);
    } catch (error) {
      // One that lives on would keep its locks from the next.
      await client.end().catch(() => undefined);
      throw error;
    }
    this.client = client;
  }

  private async settle(client: Client, tenant: Tenant): Promise<void> {
    const first = !this.settled.has(tenant);
    this.settled.add(tenant);
    await tenant.setUp(client, first);
  }

  private lost(client: Client): void {
    if (this.closed || this.client !== client) return;
    this.client = null;
    this.retryLater();
  }

  private retryLater(): void {
    this.retry = setTimeout(() => {
      this.open().catch((error: unknown) => {
        this.log.warn({ message: 'PostgreSQL is away', reason: String(error) });
        if (!this.closed) this.retryLater();
      });
    }, RECONNECT_MS);
  }
}
