import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LoopbackSshd } from '../../src/cli/demo/loopback-sshd.js';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type TestAnswer } from '../../src/modules/remotes/remotes.schemas.js';
import { canMount } from '../support/mounts.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { remoteBody, SessionsWorld } from './sessions.world.js';
import {
  closedPort,
  failing,
  FullPort,
  type Reason,
  reasonOfTurn,
  type Symptom,
} from './troubleshooting.world.js';

const run = promisify(execFile);

(sshdAvailable() ? describe : describe.skip)(
  `What the manual says of errors${sshdAvailable() ? '' : ' (skipped: no sshd on this machine)'}`,
  () => {
    let world: SessionsWorld;
    let sshd: TestSshd;
    let stage: string;
    beforeAll(async () => {
      world = await SessionsWorld.open('embedded');
      sshd = world.sshd as TestSshd;
      stage = await world.stage();
    }, 120_000);
    afterAll(() => world.close());

    const register = (name: string, more: object): Promise<Remote> =>
      world.api.post<Remote>('/remotes', remoteBody(sshd, name, more));
    const test = (path: string, body: object = {}): Promise<TestAnswer> =>
      world.api.post<TestAnswer>(`/remotes/${path}`, body);
    const reasonOf = (session: { id: string }): Promise<Reason> => reasonOfTurn(world, session);

    /** The same of settings that are not saved, of a remote, and of a turn on it. */
    const connecting = async (name: string, more: object, symptom: Symptom): Promise<void> => {
      const remote = await register(name, more);
      // Another remote for the turn: a test begins anew with the connection of its own.
      const worked = await register(`${name}, at work`, more);
      const session = await world.actor('ssh', stage, { remoteId: worked.id });
      const [draft, saved, reason] = await Promise.all([
        test('test', remoteBody(sshd, name, more)),
        test(`${remote.id}/test`),
        reasonOf(session),
      ]);
      const error = failing(name, symptom);
      expect(draft).toMatchObject({ ok: false, hostname: null, error });
      expect(saved).toMatchObject({ ok: false, hostname: null, error });
      expect(reason).toMatchObject(error);
    };

    it('"Permission denied (publickey)": ensure your SSH key is added to authorized_keys', async () => {
      const stranger = join(stage, 'stranger');
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stranger]);
      await connecting(
        'wrong key',
        { privateKeyPath: stranger },
        {
          code: 'ssh/auth-failed',
          hint: "Ensure your SSH key is added to the remote's `~/.ssh/authorized_keys`",
        },
      );
    });

    it('"Host key verification failed": add the host to known_hosts', async () => {
      await connecting(
        'unknown key',
        { hostKeyPolicy: 'strict' },
        {
          code: 'ssh/host-key-unknown',
          hint: `\`ssh-keyscan -p ${sshd.port} 127.0.0.1 >> ~/.ssh/known_hosts\``,
        },
      );
    });

    it('"Enter passphrase for key": use a key without one, or ssh-add', async () => {
      const locked = join(stage, 'locked');
      await copyFile(sshd.clientKeyPath, locked);
      await run('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', locked]);
      await connecting(
        'locked key',
        { privateKeyPath: locked },
        {
          code: 'ssh/key-passphrase-required',
          hint: '`ssh-add ~/.ssh/your_key`',
        },
      );
    });

    it('"Connection refused": verify SSH server is running on the remote host', async () => {
      await connecting(
        'no server',
        { port: await closedPort() },
        {
          code: 'ssh/refused',
          hint: 'Verify SSH server is running on the remote host',
        },
      );
    });

    it('"Connection timed out": check network connectivity and firewall rules', async () => {
      const silent = createServer((socket) => socket.on('error', () => undefined)).listen(
        0,
        '127.0.0.1',
      );
      await once(silent, 'listening');
      const full = await FullPort.open();
      const symptom = {
        code: 'ssh/timeout',
        hint: 'Check network connectivity and firewall rules',
      };
      try {
        await Promise.all([
          connecting('silent server', { port: (silent.address() as AddressInfo).port }, symptom),
          connecting('dropped packets', { port: full.port }, symptom),
        ]);
      } finally {
        silent.close();
        full.close();
      }
    });

    it('"Could not resolve hostname": verify the hostname/IP is correct', async () => {
      await connecting(
        'no name',
        { host: 'no-such-host.invalid' },
        {
          code: 'ssh/unresolved',
          hint: 'Verify the hostname/IP is correct',
        },
      );
    });

    it('"No route to host": check network path to the remote host', async () => {
      // No machine has a route for TCP to a multicast address: nothing leaves this one.
      await connecting(
        'no route',
        { host: '224.0.0.1' },
        {
          code: 'ssh/no-route',
          hint: 'Check network path to the remote host',
        },
      );
    });

    describe('of agents', () => {
      const missing = (code: string, hint: string): object => ({
        ok: false,
        hostname: expect.stringMatching(/./),
        error: failing('devbox', { code, hint }),
      });
      const turnOf = (fields: object): Promise<Reason> =>
        world.demo('ssh', stage, { ...fields }).then(reasonOf);
      const program = async (name: string, interpreter: string): Promise<string> => {
        const path = join(stage, name);
        await writeFile(path, `#!${interpreter}\nconsole.log(1)\n`);
        await chmod(path, 0o755);
        return path;
      };
      const testOf = (body: object): Promise<TestAnswer> =>
        test(`${world.remote?.id ?? ''}/test`, body);

      it('"Command not found": install the AI agent on the remote host', async () => {
        const found = await world.api.get<{ agent: string; found: boolean }[]>(
          `/remotes/${world.remote?.id ?? ''}/agents`,
        );
        const agent = found.find((each) => !each.found)?.agent;
        const symptom = {
          code: 'agent/command-not-found',
          hint: 'Install the AI agent on the remote host',
        };
        const answer = await testOf({ agent });
        expect(answer).toMatchObject(missing(symptom.code, symptom.hint));
        expect(answer.agent).toMatchObject({ agent, found: false, path: null });
        expect(await turnOf({ command: 'no-such-agent' })).toMatchObject(
          failing('devbox', symptom),
        );
      });

      it('"Agent binary not found": ensure the agent is in the PATH of the remote', async () => {
        const command = '/no/such/agent';
        const symptom = {
          code: 'agent/binary-not-found',
          hint: "Ensure the agent is in the remote's PATH",
        };
        expect(await testOf({ agent: 'demo', command })).toMatchObject(
          missing(symptom.code, symptom.hint),
        );
        expect(await turnOf({ command })).toMatchObject(failing('devbox', symptom));
      });

      it('is installed, but what it runs on is not', async () => {
        const code = 'agent/interpreter-missing';
        for (const [interpreter, named] of [
          ['/usr/bin/env nodexyz', 'Install nodexyz on that host'],
          ['/opt/no/such/node', 'PATH of the login shell'],
        ] as const) {
          const command = await program('agent', interpreter);
          const answer = await testOf({ agent: 'demo', command });
          expect(answer).toMatchObject(missing(code, named));
          expect(answer.agent).toMatchObject({ found: true, path: command, version: null });
          expect(await turnOf({ command })).toMatchObject(failing('devbox', { code, hint: named }));
        }
        const npm = await program('from-npm', '/usr/bin/env node');
        expect(await turnOf({ command: npm, env: { PATH: '/no/programs/here' } })).toMatchObject(
          failing('devbox', { code, hint: 'Install node on that host' }),
        );
      });

      it('has no directory to work in', async () => {
        expect(await turnOf({ cwd: '/no/such/place' })).toMatchObject(
          failing('devbox', { code: 'host/cwd-missing', hint: 'Create it there' }),
        );
      });
    });

    it('says of a host key that has changed that it is a hard stop, until a person accepts it', async () => {
      const other = await startSshd();
      try {
        const remote = await world.api.post<Remote>('/remotes', remoteBody(other, 'reinstalled'));
        expect(await test(`${remote.id}/test`)).toMatchObject({ ok: true });
        await other.restart({ newHostKey: true });
        other.cutConnections();
        const error = failing('reinstalled', {
          code: 'ssh/host-key-changed',
          hint: 'accept the new fingerprint',
        });
        expect(await test(`${remote.id}/test`)).toMatchObject({ ok: false, error });
        const session = await world.actor('ssh', stage, { remoteId: remote.id });
        expect(await reasonOf(session)).toMatchObject(error);
      } finally {
        await other.stop();
      }
    });

    (canMount() ? it : it.skip)(
      `says of a full disk that space must be freed${canMount() ? '' : ' (skipped: no mounts of its own here)'}`,
      async () => {
        const dir = await mkdtemp(join(tmpdir(), 'maestro-full-'));
        const home = join(dir, 'home');
        await mkdir(home);
        const fill =
          'mount -t tmpfs -o size=1m none "$1" && { cat /dev/zero >"$1/fill"; shift; exec "$@"; }';
        const full = await LoopbackSshd.start(
          dir,
          [],
          ['unshare', '-m', 'sh', '-c', fill, 'sh', home],
        );
        try {
          const remote = await register('full disk', {
            port: full.port,
            privateKeyPath: full.clientKeyPath,
          });
          const session = await world.actor('ssh', stage, { remoteId: remote.id });
          expect(await reasonOf(session)).toMatchObject(
            failing('full disk', { code: 'host/disk-full', hint: 'Free some space' }),
          );
        } finally {
          await full.stop();
          await rm(dir, { recursive: true, force: true });
        }
      },
    );

    it('is not said of a host that greets, chats and prints in its start-up files', async () => {
      const banner = join(stage, 'banner');
      await writeFile(banner, 'Authorized use only!\n'.repeat(50));
      const chatty = await startSshd({ directives: [`Banner ${banner}`, 'PrintMotd yes'] });
      try {
        const noise = 'echo Welcome; printf "no newline \\033[2J"; echo oops >&2\n';
        for (const name of ['.bashrc', '.bash_profile', '.profile', '.zshenv']) {
          await writeFile(join(chatty.home, name), noise);
        }
        const answer = await test('test', { ...remoteBody(chatty, 'chatty'), agent: 'demo' });
        expect(answer).toMatchObject({
          ok: true,
          hostname: (await run('uname', ['-n'])).stdout.trim(),
          os: (await run('uname', ['-sm'])).stdout.trim(),
          shell: expect.stringMatching(/^\/\S+$/),
          latencyMs: expect.any(Number),
          hostKey: { fingerprint: chatty.hostKeyFingerprint },
          agent: { found: true, version: expect.stringMatching(/^v\d/), error: null },
        });
      } finally {
        await chatty.stop();
      }
    });
  },
);
