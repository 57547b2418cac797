import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type HostKeyImport, type ShownHostKeys } from '../../src/modules/remotes/remote.js';
import { type TestAnswer } from '../../src/modules/remotes/remotes.schemas.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { remoteBody, SessionsWorld, WITHOUT_SSH } from './sessions.world.js';

const run = promisify(execFile);

/** Counts who connects. */
class CountingRelay {
  connections = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    targetPort: number,
  ) {
    server.on('connection', (near: Socket) => {
      this.connections += 1;
      const far = connect(targetPort, '127.0.0.1');
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket
          .on('error', () => undefined)
          .on('close', () => {
            near.destroy();
            far.destroy();
          });
      }
      near.pipe(far).pipe(near);
    });
  }

  static async start(targetPort: number): Promise<CountingRelay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CountingRelay(server, targetPort);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

(sshdAvailable() ? describe : describe.skip)(
  `host keys of a real sshd${WITHOUT_SSH} (needs openssh-server and openssh-client)`,
  () => {
    let world: SessionsWorld;
    beforeAll(async () => {
      world = await SessionsWorld.open('embedded');
    }, 120_000);
    afterAll(() => world.close());

    const withSshd = async (
      options: Parameters<typeof startSshd>[0],
      work: (sshd: TestSshd) => Promise<void>,
    ): Promise<void> => {
      const sshd = await startSshd(options);
      try {
        await work(sshd);
      } finally {
        await sshd.stop();
      }
    };
    const add = (sshd: TestSshd, name: string, more: object = {}): Promise<Remote> =>
      world.api.post<Remote>('/remotes', remoteBody(sshd, name, more));
    const test = ({ id }: Remote): Promise<TestAnswer> => world.api.post(`/remotes/${id}/test`);
    /** After a cut, the first word may still be about the link that was lost. */
    const testAgain = async (remote: Remote): Promise<TestAnswer> => {
      for (const deadline = Date.now() + 30_000; ;) {
        const answer = await test(remote);
        if (answer.error?.code !== 'ssh/connection-lost' || Date.now() > deadline) return answer;
      }
    };
    const keyscan = async ({ port, host }: TestSshd, ...types: string[]): Promise<string> => {
      const select = types.length === 0 ? [] : ['-t', types.join(',')];
      return (await run('ssh-keyscan', ['-p', String(port), ...select, host])).stdout;
    };
    const take = ({ id }: Remote, knownHosts: string): ReturnType<SessionsWorld['api']['call']> =>
      world.api.call('POST', `/remotes/${id}/host-key/import`, { knownHosts });

    it('that have changed stop everything, restarts included, until a person accepts one', async () => {
      await withSshd({}, async (sshd) => {
        const relay = await CountingRelay.start(sshd.port);
        const remote = await add(sshd, 'reinstalled', { port: relay.port });
        expect(await test(remote)).toMatchObject({ ok: true });
        const first = sshd.hostKeyFingerprint;
        await sshd.restart({ newHostKey: true });
        sshd.cutConnections();

        const session = await world.actor('ssh', await world.stage(), { remoteId: remote.id });
        const fails = async (): Promise<void> => {
          const turn = await world.ended(await world.ask(session, 'x'));
          expect(turn).toMatchObject({ state: 'failed', error: { code: 'ssh/host-key-changed' } });
        };
        await fails();
        const before = relay.connections;
        for (let count = 0; count < 3; count += 1) await fails();
        expect((await world.api.call('GET', `/remotes/${remote.id}/agents`)).status).toBe(502);
        await world.server.restart();
        await fails();
        expect(relay.connections).toBe(before);
        await world.api.until<Remote>(
          `/remotes/${remote.id}`,
          ({ state }) => state.status === 'host-key-changed',
        );

        // A person who looks again sees the same key.
        expect(await test(remote)).toMatchObject({
          error: { code: 'ssh/host-key-changed' },
          hostKey: { fingerprint: sshd.hostKeyFingerprint },
        });
        expect(relay.connections).toBeGreaterThan(before);
        const alarms = (await world.events(`remote:${remote.id}`)).filter(
          ({ type }) => type === 'remote.host-key-changed',
        );
        expect(alarms.map(({ data }) => data)).toEqual([
          expect.objectContaining({
            remoteId: remote.id,
            host: `127.0.0.1:${relay.port}`,
            pinned: expect.objectContaining({ fingerprint: first }),
            offered: expect.objectContaining({ fingerprint: sshd.hostKeyFingerprint }),
          }),
        ]);

        await world.api.post(`/remotes/${remote.id}/host-key/accept`, {
          fingerprint: sshd.hostKeyFingerprint,
        });
        expect(await world.told(session, 'y')).toMatchObject({ head: 'y' });
        await relay.stop();
      });
    }, 120_000);

    it('that ssh-keyscan prints are accepted by a strict remote once they are imported', async () => {
      await withSshd({}, async (sshd) => {
        const remote = await add(sshd, 'strict', { hostKeyPolicy: 'strict' });
        expect(await test(remote)).toMatchObject({ error: { code: 'ssh/host-key-unknown' } });
        const bad = await take(remote, 'elsewhere ssh-ed25519 AAAA');
        expect(bad).toMatchObject({
          status: 422,
          body: { code: 'remotes/no-known-host', errors: [{ pointer: '/knownHosts' }] },
        });
        const good = await take(remote, await keyscan(sshd));
        expect(good.body as HostKeyImport).toMatchObject({
          taken: [{ host: null, marker: null, fingerprint: sshd.hostKeyFingerprint }],
        });
        expect(await test(remote)).toMatchObject({
          ok: true,
          hostKey: { fingerprint: sshd.hostKeyFingerprint },
          hops: [],
        });
      });
    }, 60_000);

    it('that are revoked are refused, whatever else is known', async () => {
      await withSshd({}, async (sshd) => {
        const remote = await add(sshd, 'revoked');
        const known = await keyscan(sshd);
        const line = known.split('\n').find((text) => text.includes('ssh-ed25519')) ?? '';
        expect((await take(remote, `${line}\n@revoked ${line}\n`)).status).toBe(200);
        expect(await test(remote)).toMatchObject({ error: { code: 'ssh/host-key-revoked' } });
        await world.api.until<Remote>(
          `/remotes/${remote.id}`,
          ({ state }) => state.status === 'host-key-changed',
        );
        await world.api.ok('DELETE', `/remotes/${remote.id}/host-key`);
        expect(await test(remote)).toMatchObject({ ok: true });
      });
    }, 60_000);

    it('of several types stay the ones that are pinned, whatever type is preferred', async () => {
      const dir = world.dir;
      const key = join(dir, 'rsa_host_key');
      await run('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', key]);
      await withSshd({ directives: [`HostKey ${key}`] }, async (sshd) => {
        const remote = await add(sshd, 'several', { hostKeyPolicy: 'strict' });
        await take(remote, await keyscan(sshd, 'rsa'));
        expect(await test(remote)).toMatchObject({ ok: true, hostKey: { type: 'ssh-rsa' } });
        const other = await add(sshd, 'other');
        expect(await test(other)).toMatchObject({ ok: true, hostKey: { type: 'ssh-ed25519' } });
      });
      await rm(key);
    }, 60_000);

    it('may change at will when an imported authority signs them', async () => {
      const key = join(world.dir, 'certified');
      const authority = join(world.dir, 'authority');
      const certify = async (): Promise<void> => {
        await Promise.all(
          [key, `${key}.pub`, `${key}-cert.pub`].map((path) => rm(path, { force: true })),
        );
        await run('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', key]);
        const names = ['-h', '-I', 'box', '-n', '127.0.0.1'];
        await run('ssh-keygen', ['-q', '-s', authority, ...names, `${key}.pub`]);
      };
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', authority]);
      await certify();
      const directives = [`HostKey ${key}`, `HostCertificate ${key}-cert.pub`];
      await withSshd({ directives }, async (sshd) => {
        const remote = await add(sshd, 'certified', { hostKeyPolicy: 'strict' });
        const [type = '', base64 = ''] = (await readFile(`${authority}.pub`, 'utf8')).split(' ');
        const name = `[${sshd.host}]:${sshd.port}`;
        await take(remote, `@cert-authority ${name} ${type} ${base64}\n`);
        expect(await test(remote)).toMatchObject({ ok: true, hostKey: { authority: true } });
        await certify();
        await sshd.restart();
        sshd.cutConnections();
        expect(await testAgain(remote)).toMatchObject({ ok: true, hostKey: { authority: true } });
        // Another key that nobody vouches for.
        await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${authority}-2`]);
        await run('mv', [`${authority}-2`, authority]);
        await run('mv', [`${authority}-2.pub`, `${authority}.pub`]);
        await certify();
        await sshd.restart();
        sshd.cutConnections();
        expect(await testAgain(remote)).toMatchObject({
          error: { code: 'ssh/host-key-changed' },
        });
      });
    }, 90_000);

    it('of another place do not count after a remote has moved', async () => {
      await withSshd({}, async (one) => {
        await withSshd({}, async (another) => {
          const remote = await add(one, 'moving', { privateKeyPath: one.clientKeyPath });
          expect(await test(remote)).toMatchObject({ ok: true });
          const moved = { port: another.port, privateKeyPath: another.clientKeyPath };
          await world.api.ok('PATCH', `/remotes/${remote.id}`, moved);
          const path = `/remotes/${remote.id}/host-key`;
          expect(await world.api.get<ShownHostKeys>(path)).toMatchObject({ pinned: null });
          expect(await test(remote)).toMatchObject({
            ok: true,
            hostKey: { fingerprint: another.hostKeyFingerprint },
          });
        });
      });
    }, 60_000);
  },
);
