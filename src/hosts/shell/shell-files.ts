import { createHash } from 'node:crypto';

import { z } from 'zod';

import { type ChannelPriority } from '../channel.js';
import { HostFailure, type HostErrorCode } from '../host-errors.js';
import { type CallOptions, type FileEntry, type FileStat, type HostFiles } from '../host.js';
import { ChannelLost } from './channel-lost.js';
import { listScript, readScript, statScript, writeScript } from './file-scripts.js';
import { newNonce } from './nonce.js';
import { type ShellAnswer, type ShellCaller } from './shell-caller.js';

const CONTROL_MS = 15_000;
const CONTENT_MS = 60_000;
const MAX_READ_BYTES = 8 * 1024 * 1024;
const MAX_LIST_BYTES = 64 * 1024 * 1024;

const FAILURES: Record<string, [HostErrorCode, string] | undefined> = {
  missing: ['host/file-not-found', 'There is no such file or directory'],
  notfile: ['host/not-a-file', 'It is not a regular file'],
  notdir: ['host/not-a-directory', 'It is not a directory'],
  denied: ['host/permission-denied', 'Permission denied'],
  changed: ['host/file-changed', 'The file was changed by someone else'],
  nospace: ['host/disk-full', 'The disk is full'],
  failed: ['host/permission-denied', 'The host could not do it'],
  nohash: ['host/unsuitable', 'The host has none of sha256sum, shasum and sha256'],
};

const metadata = z
  .string()
  .regex(/^[0-9a-f]+ \d+ -?\d+$/i)
  .transform((text) => {
    const [mode = '', size, mtime] = text.split(' ');
    return { type: typeOf(Number.parseInt(mode, 16)), size: Number(size), mtime: Number(mtime) };
  });

/** Files of a host, by scripts of POSIX sh. */
export class ShellFiles implements HostFiles {
  readonly #caller: ShellCaller;

  constructor(caller: ShellCaller) {
    this.#caller = caller;
  }

  async read(
    path: string,
    { maxBytes = MAX_READ_BYTES, ...options }: CallOptions & { maxBytes?: number } = {},
  ): Promise<{ content: Buffer; etag: string }> {
    const nonce = newNonce();
    const script = readScript(path, nonce);
    const { stdout } = await this.#ask(path, {
      script,
      nonce,
      priority: 'bulk',
      maxBytes,
      timeoutMs: CONTENT_MS,
      ...options,
    });
    return { content: stdout, etag: etagOf(stdout) };
  }

  async write(
    path: string,
    content: Buffer | string,
    { mode, ifMatch, ...options }: CallOptions & { mode?: number; ifMatch?: string | null } = {},
  ): Promise<{ etag: string }> {
    const data = Buffer.from(content);
    // No content has an etag of another form; and this one becomes part of a script.
    if (typeof ifMatch === 'string' && !/^[0-9a-f]{64}$/.test(ifMatch))
      throw this.#failure('changed', path);
    const nonce = newNonce();
    const script = writeScript(path, nonce, {
      size: data.length,
      ...(mode === undefined ? {} : { mode }),
      ...(ifMatch === undefined ? {} : { ifMatch }),
    });
    await this.#ask(path, {
      script,
      nonce,
      data,
      priority: 'bulk',
      timeoutMs: CONTENT_MS,
      ...options,
    });
    return { etag: etagOf(data) };
  }

  async list(path: string, options: CallOptions = {}): Promise<FileEntry[]> {
    const nonce = newNonce();
    const script = listScript(path, nonce);
    const { stdout } = await this.#ask(path, {
      script,
      nonce,
      priority: 'bulk',
      maxBytes: MAX_LIST_BYTES,
      timeoutMs: CONTROL_MS,
      ...options,
    });
    return parseListing(stdout.toString('utf8'));
  }

  async stat(path: string, options: CallOptions = {}): Promise<FileStat | null> {
    const nonce = newNonce();
    const script = statScript(path, nonce);
    const { words, stdout } = await this.#ask(path, {
      script,
      nonce,
      priority: 'bulk',
      timeoutMs: CONTROL_MS,
      ...options,
    });
    if (words[0] === 'NONE') return null;
    const text = stdout.toString('utf8');
    const end = text.indexOf('\0');
    return { ...metadata.parse(text.slice(0, end)), realPath: text.slice(end + 1) };
  }

  async #ask(
    path: string,
    call: CallOptions & {
      script: string;
      nonce: string;
      data?: Buffer;
      priority: ChannelPriority;
      maxBytes?: number;
      timeoutMs: number;
    },
  ): Promise<ShellAnswer> {
    const { maxBytes = MAX_LIST_BYTES, timeoutMs, ...rest } = call;
    const { hostName } = this.#caller;
    const answer = await this.#caller.call({
      ...rest,
      timeoutMs,
      maxOutputBytes: maxBytes,
      failures: {
        timeout: () =>
          new ChannelLost(
            'ssh/timeout',
            hostName,
            `No answer about ${path} within ${timeoutMs} ms`,
          ),
        tooLarge: () =>
          new HostFailure(
            'host/output-too-large',
            `${hostName}: ${path} has more than ${maxBytes} bytes`,
          ),
      },
    });
    const { words } = answer;
    if (words[0] === 'ERR') throw this.#failure(words[1] ?? '', path);
    return answer;
  }

  #failure(reason: string, path: string): Error {
    const { hostName } = this.#caller;
    if (reason === 'short')
      return new ChannelLost('ssh/connection-lost', hostName, `${path} did not arrive whole`);
    const [code, text] = FAILURES[reason] ?? [
      'host/protocol',
      `An answer that was not expected: ${reason}`,
    ];
    return new HostFailure(code, `${hostName}: ${path}: ${text}`);
  }
}

const etagOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const TYPES: Record<number, FileEntry['type']> = {
  0o10: 'file',
  0o04: 'directory',
  0o12: 'symlink',
};

const typeOf = (mode: number): FileEntry['type'] => TYPES[mode >> 12] ?? 'other';

/** A name holds no `/`: so what looks like the beginning of a record inside a name cannot be taken for one. */
export const parseListing = (listing: string): FileEntry[] => {
  const entries = new Map<string, FileEntry>();
  const records = listing.replace(/\n$/, '').split(/\n(?=[lt] [0-9a-f]+ \d+ -?\d+ \.\/)/i);
  for (const record of records) {
    const match = /^([lt]) ([0-9a-f]+ \d+ -?\d+) \.\/([^]*)$/i.exec(record);
    if (match === null) continue;
    const [, kind, facts, name = ''] = match;
    if (kind === 't' || !entries.has(name)) entries.set(name, { name, ...metadata.parse(facts) });
  }
  return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
};
