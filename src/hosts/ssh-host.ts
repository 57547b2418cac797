import { type Host } from './host.js';
import { LOADER } from './runs/loader.js';
import { ShellHost } from './shell/shell-host.js';
import { ConnectionPool, type ConnectionPoolOptions } from './ssh/index.js';

export interface SshHostOptions extends Pick<
  ConnectionPoolOptions,
  'target' | 'verifyHostKey' | 'onState' | 'limits'
> {
  /** Id of the remote. */
  id: string;
  name: string;
}

export interface SshHost extends Host {
  /** Forgets why the last connection failed, so that the next use tries again. */
  reset(): void;
  /** While watched, it is connected to again by itself, and its last connection stays. */
  watch(isWatched: boolean): void;
  /** Ends all connections; durable runs go on. */
  close(): Promise<void>;
}

/** A machine behind SSH as a host: the same operations as this machine, over a pool of connections. */
export const sshHost = ({ id, name, ...ssh }: SshHostOptions): SshHost => {
  const pool = new ConnectionPool({ name, loader: LOADER, ...ssh });
  const host = new ShellHost({ id, kind: 'ssh', name, channels: pool });
  return Object.assign(host, {
    reset: () => {
      pool.reset();
    },
    watch: (isWatched: boolean) => {
      pool.watch(isWatched);
    },
    close: () => pool.close(),
  });
};
