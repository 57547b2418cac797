import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Redis } from 'ioredis';
import { Client } from 'pg';

/** What must be seen nowhere, by its name. */
export type Markers = Readonly<Record<string, string>>;

/** The names of the markers in a text. */
export const markersIn = (text: string, markers: Markers): string[] =>
  Object.entries(markers).flatMap(([name, marker]) => (text.includes(marker) ? [name] : []));

/** Looks at the command lines of all processes, again and again. */
export class ArgumentWatch {
  /** `name of the marker: command` of each process that showed one. */
  readonly leaks = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #pids = new Set<string>();
  readonly #done: Promise<void>;

  constructor(private readonly markers: Markers) {
    this.#done = this.watch();
  }

  /** How many processes were seen in all. */
  async stop(): Promise<number> {
    this.#stopped.abort();
    await this.#done;
    return this.#pids.size;
  }

  private async watch(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      for (const pid of await readdir('/proc')) {
        if (!/^\d+$/.test(pid)) continue;
        const line = await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '');
        this.#pids.add(pid);
        for (const name of markersIn(line, this.markers)) {
          this.leaks.add(`${name}: ${line.slice(0, 200).replaceAll('\0', ' ')}`);
        }
      }
      await pause(5);
    }
  }
}

/** All that Redis holds, as text. */
export const redisContents = async (redis: Redis): Promise<string> => {
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map(async (key) => [key, await valueOf(redis, key)]));
  return JSON.stringify(values);
};

const valueOf = async (redis: Redis, key: string): Promise<unknown> => {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, 0, -1);
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return null;
  }
};

/** All rows of a schema of PostgreSQL, as text. */
export const schemaContents = async (client: Client, schema: string): Promise<string> => {
  const { rows: tables } = await client.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1',
    [schema],
  );
  const contents: string[] = [];
  for (const { name } of tables) {
    const { rows } = await client.query<{ row: string }>(
      `SELECT t::text AS row FROM "${schema}"."${name}" t`,
    );
    contents.push(name, ...rows.map(({ row }) => row));
  }
  return contents.join('\n');
};

/** A connection to the database that a server brought up in its data directory. */
export const connectEmbedded = async (dataDir: string): Promise<Client> => {
  const home = join(dataDir, 'postgres');
  const password = (await readFile(join(home, 'password'), 'utf8')).trim();
  const [, , , port] = (await readFile(join(home, 'cluster', 'postmaster.pid'), 'utf8')).split(
    '\n',
  );
  const client = new Client({
    ...{ host: '127.0.0.1', port: Number(port), user: 'maestro', database: 'maestro', password },
  });
  await client.connect();
  return client;
};
