import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

interface Run {
  environment: Readonly<Record<string, string | undefined>> | undefined;
  /** Whether anybody wants to know what it prints. */
  output: 'pipe' | 'ignore';
  signal: AbortSignal;
}

interface Ended {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program without input to its end; the signal ends it with all that it has started. Processes that it leaves in
 * the background are not waited for. Rejects with the reason of the signal, or as `spawn` fails.
 */
export const runInGroup = async (
  file: string,
  args: readonly string[],
  { environment, output, signal }: Run,
): Promise<Ended> => {
  signal.throwIfAborted();
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', output, output],
    ...(environment === undefined ? {} : { env: environment }),
  });
  const stop = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All of it has ended by itself.
    }
  };
  signal.addEventListener('abort', stop);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  try {
    const [code, stdout] = await Promise.all([exited, child.stdout ? text(child.stdout) : '']);
    signal.throwIfAborted();
    return { code, stdout, stderr };
  } finally {
    signal.removeEventListener('abort', stop);
    child.stderr?.destroy();
  }
};
