import { createPostgresBackend, createRedisBackend, type JobsOptions, withBackend } from 'bullmq';
import { Redis } from 'ioredis';

export interface JobPayload {
  id: string;
}

/** What we use of BullMQ's `Queue`, whatever its store. */
export interface StoredQueue {
  add(name: string, payload: JobPayload, options: JobsOptions): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

/** What we use of BullMQ's `Worker`. */
export interface StoredWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

export interface WorkerSettings {
  concurrency: number;
  handle: (payload: unknown) => Promise<void>;
}

/** Doorbells are short; a crashed worker's bell is rung again soon, and as often as it takes. */
const LOCKS = { lockDuration: 6_000, stalledInterval: 3_000, maxStalledCount: 20 };

/** Where BullMQ keeps its queues: Redis, or the PostgreSQL that is there anyway. One API over both. */
export abstract class JobStore {
  abstract queue(name: string): StoredQueue;
  abstract worker(name: string, settings: WorkerSettings): StoredWorker;
  /** Throws when the store cannot be reached. */
  abstract ping(): Promise<void>;
  abstract close(): Promise<void>;

  static at(stores: { redisUrl: string | null; databaseUrl: string }): JobStore {
    return stores.redisUrl === null
      ? new PostgresJobStore(stores.databaseUrl)
      : new RedisJobStore(stores.redisUrl);
  }
}

class RedisJobStore extends JobStore {
  private readonly bull = withBackend(createRedisBackend);
  /** Fails fast when Redis is away, so that nobody waits for a doorbell. */
  private readonly commands: Redis;

  constructor(private readonly url: string) {
    super();
    this.commands = new Redis(url, {
      maxRetriesPerRequest: 1,
      enableOfflineQueue: true,
      connectTimeout: 5_000,
      lazyConnect: false,
    });
    this.commands.on('error', () => undefined);
  }

  queue(name: string): StoredQueue {
    return new this.bull.Queue<JobPayload>(name, { connection: this.commands });
  }

  worker(name: string, { concurrency, handle }: WorkerSettings): StoredWorker {
    const connection = new Redis(this.url, { maxRetriesPerRequest: null });
    connection.on('error', () => undefined);
    const worker = new this.bull.Worker<JobPayload>(name, ({ data }) => handle(data), {
      connection,
      concurrency,
      ...LOCKS,
    });
    return {
      on: (event, listener) => worker.on(event, listener),
      close: async () => {
        await worker.close();
        connection.disconnect();
      },
    };
  }

  async ping(): Promise<void> {
    await this.commands.ping();
  }

  async close(): Promise<void> {
    this.commands.disconnect();
  }
}

class PostgresJobStore extends JobStore {
  private readonly bull = withBackend(createPostgresBackend);

  constructor(private readonly url: string) {
    super();
  }

  queue(name: string): StoredQueue {
    return new this.bull.Queue<JobPayload>(name, { connection: this.connection(1) });
  }

  worker(name: string, { concurrency, handle }: WorkerSettings): StoredWorker {
    return new this.bull.Worker<JobPayload>(name, ({ data }) => handle(data), {
      connection: this.connection(2),
      concurrency,
      ...LOCKS,
    });
  }

  /** The queue lives in the database, whose own readiness check answers for both. */
  async ping(): Promise<void> {
    return undefined;
  }

  /** Every queue and worker owns its connections. */
  async close(): Promise<void> {
    return undefined;
  }

  private connection(max: number): {
    connectionString: string;
    schema: string;
    migrate: true;
    max: number;
  } {
    return { connectionString: this.url, schema: 'bullmq', migrate: true, max };
  }
}
