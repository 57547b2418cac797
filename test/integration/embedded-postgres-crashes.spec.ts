import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lockDataDirectory } from '../../src/platform/database/embedded/data-directory-lock.js';
import { lifeOf } from '../../src/platform/database/embedded/process-life.js';
import {
  aDirectory,
  aServer,
  ask,
  compileServer,
  removeServer,
  until,
  within,
} from '../support/embedded-server.js';

beforeAll(compileServer);
afterAll(removeServer);

describe('the embedded PostgreSQL after a crash', () => {
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
