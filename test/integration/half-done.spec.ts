import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { type Run } from '../../src/modules/autorun/index.js';
import { RunLeases } from '../../src/modules/autorun/runs/run-lease.js';
import { RunEntity, type RunRow } from '../../src/modules/autorun/storage/run.entity.js';
import { RunsRepository } from '../../src/modules/autorun/storage/runs.repository.js';
import { type Worktree } from '../../src/modules/worktrees/index.js';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { Database, StandingConnection } from '../../src/platform/database/index.js';
import { Presence } from '../../src/platform/queue/index.js';
import { Project } from '../support/project.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** What a crash leaves behind is written into the database by hand here: no crash can be timed that well. */
describe('what was left half-done', () => {
  let postgres: Awaited<ReturnType<typeof startEmbeddedPostgres>>;
  let dir: string;
  let server: TestServer;
  let source: DataSource;
  let project: Project;
  let sessionId: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'maestro-postgres-'));
    postgres = await startEmbeddedPostgres({ dir, log: () => undefined, fsync: false });
    server = await startTestServer({ databaseUrl: postgres.url, redisUrl: null });
    source = await new DataSource({
      type: 'postgres',
      url: postgres.url,
      entities: [RunEntity],
      parseInt8: true,
    }).initialize();
  }, 120_000);
  afterAll(async () => {
    await source.destroy();
    await server.stop();
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    project = await Project.create();
    const session = await server.api.post<{ id: string }>('/sessions', project.session('worker'));
    sessionId = session.id;
  });
  afterEach(() => project.remove());

  describe('of a worktree', () => {
    let made: Worktree;
    const again = (): Promise<Worktree> =>
      server.api.post<Worktree>(`/sessions/${sessionId}/worktrees`, { branch: 'x' });

    beforeEach(async () => {
      made = await again();
      await source.query(
        `UPDATE worktrees SET state = 'creating', session_id = NULL WHERE id = $1`,
        [made.id],
      );
    });

    it('is taken when git had finished', async () => {
      const finished = await again();
      expect(finished).toEqual({ ...made, sessionId: finished.sessionId });
      expect(finished.sessionId).not.toBeNull();
    });

    it('is finished when git had only made the branch', async () => {
      await project.git('worktree', 'remove', '--force', made.path ?? '');
      expect(await again()).toMatchObject({ id: made.id, state: 'ready', path: made.path });
      expect(await project.git('worktree', 'list')).toContain('[x]');
    });

    it('is begun anew when git had made nothing', async () => {
      await project.git('worktree', 'remove', '--force', made.path ?? '');
      await project.git('branch', '-D', 'x');
      expect(await again()).toMatchObject({ id: made.id, state: 'ready', baseSha: made.baseSha });
    });

    it('is left alone when the branch has gone its own way since', async () => {
      await project.git('worktree', 'remove', '--force', made.path ?? '');
      await project.write('new.txt', 'x');
      await project.commitAll('new');
      await project.git('branch', '-f', 'x', 'HEAD');
      await expect(again()).rejects.toThrow('worktrees/branch-exists');
    });
  });

  describe('of a run', () => {
    let run: Run;
    let leases: RunLeases;
    let standing: StandingConnection;

    beforeEach(async () => {
      const database = new Database(source);
      standing = new StandingConnection(source);
      const presence = new Presence(database, standing);
      leases = new RunLeases(database, new RunsRepository(database), presence);
      await project.document('a.md', '- [ ] %% sleep 60000\n');
      const started = await server.api.post<Run>('/runs', {
        sessionId,
        documents: [{ path: 'a.md' }],
      });
      run = await server.api.until<Run>(`/runs/${started.id}`, ({ turnId }) => turnId !== null);
    });
    afterEach(async () => {
      await standing.onModuleDestroy();
      await server.api.call('POST', `/runs/${run.id}/kill`);
      await server.api.until<Run>(`/runs/${run.id}`, ({ state }) => state === 'stopped');
    });

    /** Takes the run as soon as the server's own worker has let go of it. */
    const hold = async (work: Parameters<RunLeases['hold']>[1]): Promise<void> => {
      const held: string[] = [];
      while (held.length === 0) {
        await leases.hold(run.id, async (lease) => {
          held.push(lease.runId);
          await work(lease);
        });
      }
    };
    const read = (): Promise<RunRow> =>
      source.getRepository(RunEntity).findOneByOrFail({ id: run.id });

    it('is held by one worker at a time', async () => {
      await hold(async () => {
        let entered = false;
        await leases.hold(run.id, async () => {
          entered = true;
        });
        expect(entered).toBe(false);
      });
      expect((await read()).leaseUntil).toBeNull();
    });

    it('is taken over at once when its worker dies', async () => {
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      let dying = Promise.resolve();
      await new Promise<void>((entered) => {
        dying = hold(async () => {
          entered();
          await ended;
        });
      });
      await standing.onModuleDestroy();
      await server.api.post(`/runs/${run.id}/kill`);
      // Its lease would hold for 30 s.
      await server.api.until<Run>(`/runs/${run.id}`, ({ state }) => state === 'stopped', 15_000);
      end();
      await dying;
    });

    it('is taken over when the lease of a dead worker is over, whose writes are then void', async () => {
      await hold(async (dead) => {
        await source.query(`UPDATE runs SET lease_until = now() - interval '1 s' WHERE id = $1`, [
          run.id,
        ]);
        let taken = false;
        await hold(async () => {
          taken = true;
        });
        expect(taken).toBe(true);
        const seen = await read();
        await expect(dead.write(seen, async () => 'written')).rejects.toThrow();
      });
    });

    it('is looked at again when a command has changed its state meanwhile', async () => {
      await hold(async (lease) => {
        const seen = await read();
        await expect(lease.write(seen, async () => 'written')).resolves.toBe('written');
        await expect(
          lease.write({ ...seen, state: 'queued' }, async () => 'written'),
        ).rejects.toThrow();
      });
    });
  });
});
