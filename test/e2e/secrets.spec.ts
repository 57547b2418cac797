import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SeenTurn, turnEnded } from '../support/api.js';
import { BuiltServer, makeHome } from '../support/built-server.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { describeStores, startStore, type Store } from '../support/stores.js';
import { CountingAgents, eventsOf, outputOf } from './counting-agents.js';
import {
  ArgumentWatch,
  connectEmbedded,
  type Markers,
  markersIn,
  type QueueWatch,
  watchRedis,
  watchSchema,
} from './leaks.js';

const lacks = [!sshdAvailable() && 'sshd', !existsSync('/proc/self/cmdline') && '/proc'].filter(
  (lack) => lack !== false,
);
const suite = lacks.length === 0 ? describe : describe.skip;
const why = lacks.length === 0 ? '' : ` (this machine has no ${lacks.join(' and no ')})`;

const secret = (name: string): string => `${name}-${randomBytes(12).toString('hex')}`;

describeStores('Secrets', (kind) => {
  suite(`while turns run here and over SSH${why}`, () => {
    let store: Store;
    let sshd: TestSshd;
    let server: BuiltServer;
    let agents: CountingAgents;
    let markers: Markers;
    let watch: ArgumentWatch;
    const sessionIds: string[] = [];
    let remoteId: string;

    beforeAll(async () => {
      [store, sshd, agents] = await Promise.all([
        startStore(kind),
        startSshd(),
        CountingAgents.create(),
      ]);
      await makeHome(sshd.home);
      const key = sshd.clientKey.toString();
      markers = {
        prompt: secret('prompt'),
        sessionEnv: secret('session-env'),
        remoteEnv: secret('remote-env'),
        token: `mst_${secret('token')}`,
        secretKey: secret('secret-key'),
        privateKey: key.split('\n')[2] ?? '',
      };
      watch = new ArgumentWatch(markers);
      server = await BuiltServer.start({
        store,
        settings: {
          MAESTRO_LOG_LEVEL: 'debug',
          MAESTRO_ADMIN_TOKEN: markers['token'],
          MAESTRO_SECRET_KEY: markers['secretKey'],
        },
      });
      await work(key);
    }, 120_000);
    afterAll(async () => {
      await watch.stop();
      await server.stop();
      await sshd.stop();
      await store.stop();
      await agents.remove();
    });

    const watchQueue = async (): Promise<QueueWatch> =>
      store.redis
        ? watchRedis(store.redis.connect())
        : watchSchema(await connectEmbedded(server.dataDir), 'bullmq');

    const call = <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> =>
      server.apiAs(markers['token'] ?? '').ok<T>(method, path, body);

    /** All that was written to the queue, from before the first turn to after the last. */
    let queued = '';
    const turns: SeenTurn[] = [];
    let prompt = '';

    const work = async (privateKey: string): Promise<void> => {
      const queue = await watchQueue();
      const remote = {
        ...{ name: 'box', host: sshd.host, port: sshd.port, username: sshd.user, privateKey },
        env: { REMOTE_SECRET: markers['remoteEnv'] },
      };
      ({ id: remoteId } = await call<{ id: string }>('POST', '/remotes', remote));
      const pwned = join(agents.dir, 'pwned');
      prompt = [
        `${markers['prompt'] ?? ''} $(touch ${pwned}) \`touch ${pwned}\`; touch ${pwned} | " ' \\ ! * ~ %s`,
        `'; touch ${pwned} #`,
        'EOF\n.\n\u0007 \\0 $HOME é 漢 🎼',
      ].join('\n');
      const ids = await Promise.all(
        [null, remoteId].map(async (host, index) => {
          const cwd = join(agents.dir, `work-${index}`);
          await mkdir(cwd);
          const session = await call<{ id: string }>('POST', '/sessions', {
            ...{ name: `talker-${index}`, agent: 'demo', cwd, remoteId: host },
            env: { SESSION_SECRET: markers['sessionEnv'], MAESTRO_DEMO_PACE_MS: '400' },
          });
          sessionIds[index] = session.id;
          const path = `/sessions/${session.id}/turns`;
          return [
            await call<SeenTurn>('POST', path, { prompt }),
            await call<SeenTurn>('POST', path, { prompt: `${prompt}\n%% crash 3` }),
          ];
        }),
      );
      const api = server.apiAs(markers['token'] ?? '');
      for (const { id } of ids.flat()) turns.push(await turnEnded(api, id, 60_000));
      queued = await queue.stop();
    };

    it('are in no argument of any process', async () => {
      const control = secret('control');
      const controlWatch = new ArgumentWatch({ control });
      const shown = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)', control]);
      while (controlWatch.leaks.size === 0) await pause(10);
      shown.kill();
      await controlWatch.stop();
      expect([...controlWatch.leaks][0]).toMatch(/^control: /);
      expect(await watch.stop()).toBeGreaterThan(10);
      expect([...watch.leaks]).toEqual([]);
    });

    it('are not in the queue, which holds ids', () => {
      expect(turns.some(({ id }) => queued.includes(id))).toBe(true);
      expect(markersIn(queued, markers)).toEqual([]);
    });

    it('are in no log, not even when requests fail and at level debug', async () => {
      const [sessionId] = sessionIds;
      const twice = await server.apiAs(markers['token'] ?? '').call('POST', '/remotes', {
        ...{ name: 'box', host: 'localhost', privateKey: markers['privateKey'] },
        env: { REMOTE_SECRET: markers['remoteEnv'] },
      });
      expect(twice.status).toBe(409);
      const refused = await server
        .apiAs(markers['token'] ?? '')
        .call(
          'POST',
          `/sessions/${sessionId ?? ''}/turns`,
          `{"prompt": "${markers['prompt'] ?? ''}`,
        );
      expect(refused.status).toBe(400);
      await server.apiAs(markers['sessionEnv'] ?? '').call('GET', '/sessions');
      const log = server.stdout + server.stderr;
      expect(log.includes('Nest application successfully started')).toBe(true);
      expect(markersIn(log, markers)).toEqual([]);
      if (kind === 'external') return;
      const database = await readFile(join(server.dataDir, 'postgres', 'postgres.log'), 'utf8');
      expect(database.includes('ready to accept connections')).toBe(true);
      expect(markersIn(database, markers)).toEqual([]);
    });

    it('never come back from the API', async () => {
      const paths = [
        '/remotes',
        `/remotes/${remoteId}`,
        '/sessions',
        ...sessionIds.flatMap((id) => [`/sessions/${id}`, `/sessions/${id}/turns`]),
        ...[`remote:${remoteId}`, 'server', ...sessionIds.map((id) => `session:${id}`)].map(
          (stream) => `/events?stream=${stream}&after=0&limit=200`,
        ),
      ];
      // A prompt is shown to those who may ask for it.
      const neverShown = { ...markers, prompt: 'no prompt' };
      for (const path of paths) {
        const answer = JSON.stringify(await call('GET', path));
        expect([path, markersIn(answer, neverShown)]).toEqual([path, []]);
      }
      expect(await call('GET', `/remotes/${remoteId}`)).toMatchObject({
        env: { REMOTE_SECRET: '***' },
        hasPrivateKey: true,
      });
    });

    it('and whatever else is in a prompt stay what they are: text', async () => {
      expect(existsSync(join(agents.dir, 'pwned'))).toBe(false);
      expect(turns.map(({ state }) => state)).toEqual([
        'completed',
        'failed',
        'completed',
        'failed',
      ]);
      for (const [index, sessionId] of sessionIds.entries()) {
        const turn = turns[index * 2];
        const events = await eventsOf(server.apiAs(markers['token'] ?? ''), `session:${sessionId}`);
        const said = outputOf(events, turn?.id ?? '');
        // The demo agent repeats the beginning of what it was given, with its white space made single.
        expect(said).toContain(prompt.replaceAll(/\s+/g, ' ').trim().slice(0, 120));
      }
    });
  });
});
