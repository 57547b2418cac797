import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type LoopbackSsh } from '../../src/cli/demo/loopback-ssh.js';
import { TcpProxy } from '../../src/cli/demo/tcp-proxy.js';

const run = promisify(execFile);

export const findDropbear = (): string | null =>
  ['/usr/sbin/dropbear', '/usr/local/sbin/dropbear'].find((path) => existsSync(path)) ?? null;

/**
 * A Dropbear on loopback. It takes keys and HOME from the home directory that `/etc/passwd` names: so it runs in a
 * mount namespace in which that file names a directory below `dir`.
 */
export const startDropbear = async (dir: string): Promise<LoopbackSsh> => {
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
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => {
    const fields = line.split(':');
    return fields[0] === username ? fields.with(5, home).join(':') : line;
  });
  await writeFile(path('passwd'), users.join('\n'), { mode: 0o644 });

  const port = await freePort();
  const options = ['-F', '-E', '-s', '-r', path('host_key'), '-P', path('pid')];
  const dropbear = spawn(
    'unshare',
    ['-m', 'sh', '-c', 'mount --bind "$1" /etc/passwd && shift && exec "$@"', 'sh'].concat(
      path('passwd'),
      findDropbear() ?? 'dropbear',
      [...options, '-p', `127.0.0.1:${port}`],
    ),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = new Promise((resolve) => dropbear.once('exit', resolve));
  let log = '';
  await new Promise<void>((resolve, reject) => {
    const fail = (): void => {
      reject(new Error(`Dropbear does not listen:\n${log}`));
    };
    dropbear.once('error', reject).once('exit', fail);
    dropbear.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (/in use/i.test(log)) fail();
      else if (log.includes('Not backgrounding')) resolve();
    });
  });
  const proxy = await TcpProxy.start(port);
  return {
    host: '127.0.0.1',
    port: proxy.port,
    username,
    home,
    clientKeyPath: path('client_key'),
    hostKeyFingerprint: `SHA256:${createHash('sha256').update(hostKey).digest('base64').replace(/=+$/, '')}`,
    cutConnections: () => {
      proxy.cut();
    },
    stop: async () => {
      await proxy.stop();
      dropbear.kill();
      await exited;
    },
  };
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};
