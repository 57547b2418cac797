import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { type HostLabel, type SshFailure } from '../errors.js';
import { proxyCommandFailure } from '../route-faults.js';
import { type ProxyCommand } from '../ssh-target.js';
import { type Wire } from './wire.js';

const STDERR_CHARACTERS = 1_000;
/** Time to end by itself, now that its input has ended, or to say why it has: before it is made to. */
const LAST_WORDS_MS = 250;
const GOODBYE_MS = 1_000;

/**
 * A program as the way to a host. `/bin/sh` starts it, as `ssh` does with the user's shell: a service account may have
 * none. It leads a process group, so that nothing of a pipeline is left behind.
 */
export const proxyCommandWire = (at: HostLabel, { command, environment }: ProxyCommand): Wire => {
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
    detached: true,
    env: environment,
    stdio: 'pipe',
  });
  let stderr = '';
  let bytesRead = 0;
  let isEnding = false;
  let isKilled = false;
  let fault: SshFailure | null = null;
  child.stderr.on('data', (data: Buffer) => {
    stderr = (stderr + data.toString()).slice(-STDERR_CHARACTERS);
  });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  // Whoever reads the stream learns of its end; nobody else has to listen.
  for (const each of [stream, child.stdin, child.stdout]) each.on('error', () => undefined);
  stream.on('data', (data: Buffer) => {
    bytesRead += data.length;
  });

  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // Nothing of the group is left.
    }
  };
  const closed = new Promise<void>((resolve) => {
    const end = (status: string | number): void => {
      if (status !== 0 && !isKilled) fault ??= proxyCommandFailure(at, status, stderr);
      resolve();
      stream.destroy();
    };
    child.once('error', (error) => {
      stderr += error.message;
      end('an error');
    });
    child.once('exit', () => {
      kill('SIGKILL');
      // What has left the group, such as a master of `ssh`, may hold these open for ever.
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, GOODBYE_MS).unref();
    });
    child.once('close', (code, signal) => {
      end(code ?? signal ?? 0);
    });
  });
  return {
    stream,
    get bytesRead() {
      return bytesRead;
    },
    closed,
    get fault() {
      return fault;
    },
    destroy: () => {
      if (isEnding) return;
      isEnding = true;
      child.stdin.destroy();
      const term = setTimeout(() => {
        isKilled = true;
        kill('SIGTERM');
      }, LAST_WORDS_MS);
      const force = setTimeout(() => {
        kill('SIGKILL');
      }, GOODBYE_MS);
      void closed.then(() => {
        clearTimeout(term);
        clearTimeout(force);
      });
    },
  };
};
