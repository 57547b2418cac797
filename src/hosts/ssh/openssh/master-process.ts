import { type ChildProcess, spawn } from 'node:child_process';
import { type Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { KEEPER } from './keeper.js';
import { removePrivateDirectory } from './private-directory.js';

const LONGEST_LINE = 64 * 1024;
/** For the last words, which something that `ssh` has started may keep from ending. */
const LAST_WORDS_MS = 250;
const GOODBYE_MS = 1_000;

export interface MasterCommand {
  sshPath: string;
  args: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
  /** Is removed at the end. */
  directory: string;
  /** Each line of standard error. */
  onLine: (line: string) => void;
}

/** An `ssh` that carries one connection, as a child that cannot outlive this process. */
export class MasterProcess {
  /** Resolves when it has ended, everything it said was read, and its directory is gone; never rejects. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #hasEnded = false;

  constructor({ sshPath, args, environment, directory, onLine }: MasterCommand) {
    this.#child = spawn(
      '/bin/sh',
      ['-c', KEEPER, 'maestro-ssh', directory, sshPath, ...args],
      // A process group of its own: a ProxyCommand is ended with it, and Ctrl-C at the server's terminal is not for it.
      { detached: true, env: { ...environment }, stdio: ['pipe', 'ignore', 'pipe'] },
    );
    this.#child.stdin?.on('error', () => undefined);
    const { stderr } = this.#child;
    const read = stderr ? readLines(stderr, onLine) : Promise.resolve();
    const exited = new Promise<void>((resolve) => {
      this.#child.once('exit', () => {
        resolve();
      });
      this.#child.once('error', () => {
        resolve();
      });
    });
    this.ended = exited.then(async () => {
      this.#hasEnded = true;
      await Promise.race([read, delay(LAST_WORDS_MS)]);
      // A process that was busy for so long looks at its clock first: what has come meanwhile is read now.
      await nextTurn();
      stderr?.destroy();
      await removePrivateDirectory(directory);
    });
  }

  /** Lets it say goodbye to the server; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#signal('SIGTERM');
    const force = setTimeout(() => {
      this.#signal('SIGKILL');
    }, GOODBYE_MS);
    await this.ended;
    clearTimeout(force);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#hasEnded || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // Nothing of the group is left.
    }
  }
}

const readLines = (stream: Readable, onLine: (line: string) => void): Promise<void> => {
  let unfinished = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (unfinished + text).split(/\r?\n/);
    unfinished = (lines.pop() ?? '').slice(-LONGEST_LINE);
    for (const line of lines) onLine(line);
  });
  return new Promise((resolve) => {
    stream.once('close', () => {
      if (unfinished !== '') onLine(unfinished);
      resolve();
    });
  });
};
