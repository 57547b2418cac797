import { type ChildProcess, type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { promisify } from 'node:util';

import { type LoopbackSsh } from '../../src/cli/demo/loopback-ssh.js';
import { TcpProxy } from '../../src/cli/demo/tcp-proxy.js';
import { withUser } from './mounts.js';

const run = promisify(execFile);

export const findDropbear = (): string | null =>
  ['/usr/sbin/dropbear', '/usr/local/sbin/dropbear'].find((path) => existsSync(path)) ?? null;

export interface TestDropbear extends LoopbackSsh {
  /** The relay in front of Dropbear. */
  readonly proxy: TcpProxy;
  /** Kills the processes that serve open connections, not what runs in them. */
  killSessions(): Promise<void>;
  /** Stops listening and starts again on the same port; sessions that are open live on. */
  restart(): Promise<void>;
}

/**
 * A Dropbear on loopback. It takes keys and HOME from the home directory that `/etc/passwd` names: so it runs in a
 * mount namespace in which that file names a directory below `dir`.
 */
export const startDropbear = async (dir: string): Promise<TestDropbear> => {
  const home = join(dir, 'home');
  const path = (name: string): string => join(dir, name);
  const { username } = userInfo();
  await mkdir(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path('client_key')]);
  const clientKey = await readFile(path('client_key.pub'), 'utf8');
  await writeFile(join(home, '.ssh/authorized_keys'), clientKey, { mode: 0o600 });
  await run('dropbearkey', ['-t', 'ed25519', '-f', path('host_key')]);
  const { stdout } = await run('dropbearkey', ['-y', '-f', path('host_key')]);
  const hostKey = Buffer.from(/^ssh-ed25519 (\S+)/m.exec(stdout)?.[1] ?? '', 'base64');
  const within = await withUser(path('passwd'), { home });

  const port = await freePort();
  const listen = (): Promise<ChildProcess> => {
    const options = ['-F', '-E', '-s', '-r', path('host_key'), '-P', path('pid')];
    const command = [findDropbear() ?? 'dropbear', ...options, '-p', `127.0.0.1:${port}`];
    const [program = '', ...args] = [...within, ...command];
    return listening(spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] }));
  };
  let dropbear = await listen();
  const stopListening = async (): Promise<void> => {
    if (dropbear.exitCode !== null || dropbear.signalCode !== null) return;
    const exited = once(dropbear, 'exit');
    dropbear.kill();
    await exited;
  };
  const proxy = await TcpProxy.start(port);
  return {
    host: '127.0.0.1',
    port: proxy.port,
    proxy,
    username,
    home,
    clientKeyPath: path('client_key'),
    hostKeyFingerprint: `SHA256:${createHash('sha256').update(hostKey).digest('base64').replace(/=+$/, '')}`,
    cutConnections: () => {
      proxy.cut();
    },
    killSessions: async () => {
      const { stdout: table } = await run('ps', ['-A', '-o', 'pid=,ppid=,comm=']);
      const session = new RegExp(`^\\s*(\\d+)\\s+${dropbear.pid ?? 0}\\s+dropbear$`, 'gm');
      for (const [, pid] of table.matchAll(session)) {
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch {
          // It ended by itself meanwhile.
        }
      }
    },
    restart: async () => {
      await stopListening();
      dropbear = await listen();
    },
    stop: async () => {
      await proxy.stop();
      await stopListening();
    },
  };
};

/** Resolves when it takes connections. */
const listening = (dropbear: ChildProcessByStdio<null, null, Readable>): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    let log = '';
    const fail = (): void => {
      reject(new Error(`Dropbear does not listen:\n${log}`));
    };
    dropbear.once('error', reject).once('exit', fail);
    dropbear.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (/in use/i.test(log)) fail();
      else if (log.includes('Not backgrounding')) resolve(dropbear);
    });
  });

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};
