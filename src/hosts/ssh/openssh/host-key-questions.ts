import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type HostKey } from '../ssh-target.js';
import { hostKeyOf } from './host-certificate.js';

/** A `KnownHostsCommand` asks on standard error, which it shares with `ssh`, and waits for the answer in a FIFO. */
const ASKING = (nonce: string): string => `[ "$1" = HOSTNAME ] || exit 0
answer=$0.$$
mkfifo -m 600 "$answer" || exit 1
printf '\\n%s %s %s %s %s\\n' ${nonce} "$$" "$2" "$3" "$4" >&2
cat "$answer"
rm -f "$answer"
`;

const READER_RETRY_MS = 5;

/** A host that shows a key during the login: `ssh`, or one that `ssh` has started for a host on the way, wants a verdict. */
export interface HostKeyQuestion {
  /** As in the ssh config: `HostName` and `Port`. */
  host: string;
  port: number;
  key: HostKey;
  pid: string;
}

/** How an `ssh` with a private directory asks this process about host keys, instead of any file. */
export class HostKeyQuestions {
  readonly script: string;
  readonly #path: string;
  readonly #line: RegExp;

  constructor(directory: string, nonce: string) {
    this.#path = join(directory, 'ask');
    this.script = ASKING(nonce);
    this.#line = new RegExp(`^${nonce} (\\d+) (\\S+) (\\d+) (\\S+)$`);
  }

  get scriptPath(): string {
    return this.#path;
  }

  /** For the ssh config: why it is asked, for whom, and the key that was shown. */
  get command(): string {
    return `/bin/sh ${this.#path} %I %h %p %K`;
  }

  /** The question in a line of standard error; null when it is none. */
  read(line: string): HostKeyQuestion | null {
    const [, pid, host, port, blob] = this.#line.exec(line) ?? [];
    if (pid === undefined || host === undefined || blob === undefined) return null;
    return { pid, host, port: Number(port), key: hostKeyOf(Buffer.from(blob, 'base64')) };
  }

  /** Lets `ssh` know the key, or its authority, whose signature `ssh` then checks; or that it is not known. */
  async answer(
    { pid, key }: HostKeyQuestion,
    isKnown: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const file = await this.#openAnswer(pid, signal);
    if (!file) return;
    try {
      if (isKnown) await file.writeFile(`${knownHostLine(key)}\n`);
    } finally {
      await file.close();
    }
  }

  /** Waits for its reader without blocking a thread for it: `ssh` may have been ended meanwhile. */
  async #openAnswer(pid: string, signal: AbortSignal): Promise<FileHandle | null> {
    while (!signal.aborted) {
      try {
        return await open(`${this.#path}.${pid}`, constants.O_WRONLY | constants.O_NONBLOCK);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENXIO') return null;
        await delay(READER_RETRY_MS);
      }
    }
    return null;
  }
}

const knownHostLine = ({ authority, type, blob }: HostKey): string =>
  authority
    ? `@cert-authority * ${authority.type} ${authority.blob.toString('base64')}`
    : `* ${type} ${blob.toString('base64')}`;
