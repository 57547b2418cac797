import { z } from 'zod';

import { type ChannelSource } from '../channel.js';
import { HostFailure } from '../host-errors.js';
import {
  type CallOptions,
  type Command,
  type CommandResult,
  type Host,
  type HostEnvironment,
} from '../host.js';
import { ShellRuns } from '../runs/shell-runs.js';
import { ChannelLost } from './channel-lost.js';
import { commandScript } from './command-script.js';
import { environmentScript } from './environment-script.js';
import { parseEnvironment } from './login-environment.js';
import { newNonce } from './nonce.js';
import { orAborted } from './or-aborted.js';
import { ShellCaller } from './shell-caller.js';
import { ShellFiles } from './shell-files.js';

const RUN_MS = 60_000;
/** All tries at the login shell (`PATIENCE_S`), and a slow link. */
const ENVIRONMENT_MS = 30_000;
/** Then the host looks whether what it has saved is still good; nobody waits for that. */
const ENVIRONMENT_KEPT_MS = 10 * 60_000;
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

const WAITING_SHELL =
  'A start-up file of the login shell on that host may wait for input: `ssh HOST true` must come to an end there. ' +
  'It is tried again by itself when it is needed.';

export interface ShellHostOptions {
  id: string;
  kind: Host['kind'];
  name: string;
  channels: ChannelSource;
}

/** A host by means of POSIX sh: every operation is a script for a loader. This machine and SSH differ only in `channels`. */
export class ShellHost implements Host {
  readonly id: string;
  readonly kind: Host['kind'];
  readonly name: string;
  readonly runs: ShellRuns;
  readonly files: ShellFiles;
  readonly #caller: ShellCaller;
  #environment: Promise<HostEnvironment> | null = null;
  #environmentUntil = 0;

  constructor({ id, kind, name, channels }: ShellHostOptions) {
    this.id = id;
    this.kind = kind;
    this.name = name;
    this.#caller = new ShellCaller(channels, name);
    this.files = new ShellFiles(this.#caller);
    this.runs = new ShellRuns(this.#caller, () => this.environment());
  }

  async run(
    command: Command,
    { timeoutMs = RUN_MS, signal }: CallOptions = {},
  ): Promise<CommandResult> {
    await this.environment(signal && { signal });
    const nonce = newNonce();
    const data = Buffer.from(command.stdin ?? '');
    const [program] = command.argv;
    const { words, stdout, stderr } = await this.#caller.call({
      script: commandScript(command, nonce, data.length),
      nonce,
      data,
      priority: 'bulk',
      timeoutMs,
      signal,
      maxOutputBytes: command.maxOutputBytes ?? MAX_OUTPUT_BYTES,
      stopsAtEnd: true,
      failures: {
        timeout: () =>
          new HostFailure(
            'host/timeout',
            `${this.name}: ${program} did not end within ${timeoutMs} ms`,
          ),
        tooLarge: () =>
          new HostFailure(
            'host/output-too-large',
            `${this.name}: ${program} wrote more than is accepted`,
          ),
      },
    });
    if (words[0] === 'ERR') throw this.#refusal(words[1] ?? '', command);
    return { exitCode: z.coerce.number().int().parse(words[0]), stdout, stderr };
  }

  async environment({
    refresh = false,
    timeoutMs = ENVIRONMENT_MS,
    signal,
  }: CallOptions & { refresh?: boolean } = {}): Promise<HostEnvironment> {
    signal?.throwIfAborted();
    if (this.#environment === null || refresh) {
      this.#environmentUntil = Date.now() + ENVIRONMENT_KEPT_MS;
      // Shared with all who ask meanwhile: so the signal of one does not end it.
      const asked = this.#askEnvironment(refresh, timeoutMs).catch((error: unknown) => {
        if (this.#environment === asked) this.#environment = null;
        throw error;
      });
      this.#environment = asked;
    } else if (this.#environmentUntil < Date.now()) {
      this.#environmentUntil = Date.now() + ENVIRONMENT_KEPT_MS;
      void this.#renewEnvironment(this.#environment, timeoutMs);
    }
    return orAborted(this.#environment, signal);
  }

  /** What is known counts until there is an answer. */
  async #renewEnvironment(known: Promise<HostEnvironment>, timeoutMs: number): Promise<void> {
    try {
      const environment = await this.#askEnvironment(false, timeoutMs);
      if (this.#environment === known) this.#environment = Promise.resolve(environment);
    } catch {
      // Whoever works on the host next meets what is wrong with it.
    }
  }

  async #askEnvironment(refresh: boolean, timeoutMs: number): Promise<HostEnvironment> {
    const nonce = newNonce();
    const { stdout } = await this.#caller.call({
      script: environmentScript(nonce, refresh),
      nonce,
      priority: 'control',
      timeoutMs,
      failures: {
        timeout: () =>
          new ChannelLost(
            'ssh/timeout',
            this.name,
            `The login environment was not known within ${timeoutMs} ms`,
            WAITING_SHELL,
          ),
      },
    });
    return parseEnvironment(stdout, this.name);
  }

  #refusal(reason: string, { argv, cwd = '~' }: Command): Error {
    switch (reason) {
      case 'cwd':
        return new HostFailure('host/cwd-missing', `${this.name}: there is no directory ${cwd}`);
      case 'notfound':
        return new HostFailure(
          'host/command-not-found',
          `${this.name}: ${argv[0]}: command not found`,
          {
            hint: 'Install it on that host, or put its directory into the PATH of the login shell.',
          },
        );
      case 'nospace':
        return new HostFailure('host/disk-full', `${this.name}: no space left in ~/.maestro`);
      case 'readonly':
      case 'missing':
        return new HostFailure(
          'host/not-writable',
          `${this.name}: ~/.maestro/runs cannot be written to`,
          {
            hint: 'The input of commands is kept there. Make the home directory of the user writable.',
          },
        );
      case 'short':
        return new ChannelLost(
          'ssh/connection-lost',
          this.name,
          'The input of a command did not arrive whole',
        );
      default:
        return new HostFailure(
          'host/protocol',
          `${this.name}: an answer that was not expected: ${reason}`,
        );
    }
  }
}
