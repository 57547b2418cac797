import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSshd, LoopbackSshd } from '../../src/cli/demo/loopback-sshd.js';
import { type TcpProxy } from '../../src/cli/demo/tcp-proxy.js';
import { withUser } from './mounts.js';

export interface TestSshd {
  host: '127.0.0.1';
  /** Port of the relay in front of sshd; the same after a restart. */
  port: number;
  user: string;
  /** HOME of everything that runs through it. */
  home: string;
  /** A directory for this server and its test, removed at `stop`. */
  dir: string;
  hostKeyFingerprint: string;
  clientKeyPath: string;
  clientKey: Buffer;
  /** The relay in front of sshd: `cut()`, `mode = 'blackhole'`. */
  proxy: TcpProxy;
  /** Stops and starts the listener; `newHostKey` as after a reinstallation. Open sessions live on. */
  restart(options?: { newHostKey?: boolean }): Promise<void>;
  /** Kills the sshd processes of open connections. */
  killSessions(): Promise<void>;
  cutConnections(): void;
  log(): string;
  stop(): Promise<void>;
}

export const sshdAvailable = (): boolean => findSshd() !== null;

/**
 * A throw-away real sshd on loopback. `directives` are lines of sshd_config that win over the usual ones; with a
 * `loginShell` its user has that one (`canMount()` must be true).
 */
export const startSshd = async (
  options: { directives?: string[]; loginShell?: string } = {},
): Promise<TestSshd> => {
  const { directives, loginShell } = options;
  const dir = await mkdtemp(join(tmpdir(), 'maestro-sshd-'));
  const within =
    loginShell === undefined
      ? []
      : await withUser(join(dir, 'passwd'), { home: join(dir, 'home'), shell: loginShell });
  const sshd = await LoopbackSshd.start(dir, directives, within);
  return {
    host: sshd.host,
    port: sshd.port,
    user: sshd.username,
    home: sshd.home,
    dir,
    get hostKeyFingerprint() {
      return sshd.hostKeyFingerprint;
    },
    clientKeyPath: sshd.clientKeyPath,
    clientKey: await readFile(sshd.clientKeyPath),
    proxy: sshd.proxy,
    restart: async ({ newHostKey = false } = {}) => {
      if (newHostKey) await sshd.changeHostKey();
      await sshd.restart();
    },
    killSessions: () => sshd.killSessions(),
    cutConnections: () => {
      sshd.cutConnections();
    },
    log: () => sshd.log,
    stop: async () => {
      await sshd.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
