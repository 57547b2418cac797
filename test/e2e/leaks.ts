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

/** Everything that passes through a queue, however short it stays there: jobs that are done leave no trace. */
export interface QueueWatch {
  /** All that was written to it since the watch began. */
  stop(): Promise<string>;
}

/** By Redis's own record of the commands that it executes. */
export const watchRedis = async (redis: Redis): Promise<QueueWatch> => {
  const monitor = await redis.monitor();
  const seen: string[] = [];
  monitor.on('monitor', (_time: string, args: string[]) => seen.push(args.join(' ')));
  return {
    stop: async () => {
      const end = `end-${String(Math.random())}`;
      const isOver = new Promise<void>((resolve) => {
        monitor.on('monitor', (_time: string, args: string[]) => {
          if (args.includes(end)) resolve();
        });
      });
      await redis.echo(end);
      await isOver;
      monitor.disconnect();
      redis.disconnect();
      return seen.join('\n');
    },
  };
};

/** By triggers that copy each row of the queue's schema which is written. Waits for the queue to make its tables. */
export const watchSchema = async (client: Client, schema: string): Promise<QueueWatch> => {
  let tables = await tablesOf(client, schema);
  while (tables.length === 0) {
    await pause(20);
    tables = await tablesOf(client, schema);
  }
  await client.query(`
    CREATE SCHEMA watch;
    CREATE TABLE watch.seen (row text);
    CREATE FUNCTION watch.see() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO watch.seen VALUES (NEW::text); RETURN NULL; END $$;
  `);
  for (const name of tables) {
    await client.query(`
      CREATE TRIGGER watch AFTER INSERT OR UPDATE ON "${schema}"."${name}"
        FOR EACH ROW EXECUTE FUNCTION watch.see()`);
  }
  return {
    stop: async () => {
      const { rows } = await client.query<{ row: string }>('SELECT row FROM watch.seen');
      await client.query('DROP SCHEMA watch CASCADE');
      await client.end();
      return rows.map(({ row }) => row).join('\n');
    },
  };
};

const tablesOf = async (client: Client, schema: string): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1',
    [schema],
  );
  return rows.map(({ name }) => name);
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
