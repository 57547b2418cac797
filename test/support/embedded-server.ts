import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/platform/database/embedded/index.js';

/** Starts the database and answers with its pid and URL; then inserts rows and names each that was committed. */
const SERVER = `
import { Client } from 'pg';
import { startEmbeddedPostgres } from './out/platform/database/embedded/index.js';
const [dir, rows] = process.argv.slice(2);
const say = (fact) => process.stdout.write(JSON.stringify(fact) + '\\n');
process.stdin.resume().once('end', () => process.exit());
try {
  const database = await startEmbeddedPostgres({ dir, log: () => {} });
  say({ pid: database.pid, url: database.url });
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS acked (n int PRIMARY KEY)');
  for (let n = 0; n < Number(rows); n += 1) {
    await client.query('INSERT INTO acked VALUES ($1)', [n]);
    say({ n });
  }
  await client.end();
  await database.stop();
  say({ stopped: true });
  process.exit();
} catch (error) {
  say({ code: error.code ?? 'bug', message: String(error) });
  process.exit(1);
}
`;

export let home = '';

export const compileServer = async (): Promise<void> => {
  home = await mkdtemp(join(tmpdir(), 'maestro-embedded-'));
  await chmod(home, 0o755);
  const swc = resolve('node_modules/@swc/cli/bin/swc.js');
  const sources = ['src/platform/database/embedded', 'src/platform/errors'];
  execFileSync(
    process.execPath,
    [swc, ...sources, '-d', join(home, 'out'), '--strip-leading-paths'],
    { stdio: 'pipe' },
  );
  await writeFile(join(home, 'package.json'), '{"type":"module"}');
  await writeFile(join(home, 'server.js'), SERVER);
  await symlink(resolve('node_modules'), join(home, 'node_modules'));
};

export const removeServer = (): Promise<void> => rm(home, { recursive: true, force: true });

export const aDirectory = (): Promise<string> => mkdtemp(join(home, 'data-'));

type Fact = Partial<{
  pid: number;
  url: string;
  n: number;
  code: string;
  message: string;
  stopped: boolean;
}>;

interface Server {
  readonly child: ChildProcess;
  /** The next thing it says; `undefined` when it has ended. */
  next(): Promise<Fact | undefined>;
}

export const aServer = (
  dir: string,
  rows = 0,
  options: { root?: string; uid?: number } = {},
): Server => {
  const { root = home, uid } = options;
  const child = spawn(process.execPath, [join(root, 'server.js'), dir, String(rows)], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const lines: AsyncIterator<string, undefined> = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  return {
    child,
    next: async () => {
      const { value, done } = await lines.next();
      return done === true ? undefined : (JSON.parse(value) as Fact);
    },
  };
};

export const within = async <T>(
  dir: string,
  use: (database: EmbeddedPostgres, said: string[]) => Promise<T>,
): Promise<T> => {
  const said: string[] = [];
  const database = await startEmbeddedPostgres({
    dir,
    fsync: false,
    log: (message) => said.push(message),
  });
  try {
    return await use(database, said);
  } finally {
    await database.stop();
  }
};

export const ask = async (url: string, sql: string): Promise<Record<string, unknown>[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await delay(10);
};
