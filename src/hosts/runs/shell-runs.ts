import { type ChannelPriority } from '../channel.js';
import {
  type CallOptions,
  type CancelProof,
  type DurableRun,
  type DurableRuns,
  type FollowOptions,
  type RunEvent,
  type RunFile,
  type RunKey,
  type RunVerdict,
  type StartOptions,
} from '../host.js';
import { ChannelLost } from '../shell/channel-lost.js';
import { ChannelReader } from '../shell/channel-reader.js';
import { newNonce } from '../shell/nonce.js';
import { type ShellCaller } from '../shell/shell-caller.js';
import { cancelScript, collectScript, removeScript, statusScript } from './control-scripts.js';
import { attachScript } from './follow-script.js';
import { type ProbeFacts, probeFacts, probeScript } from './probe-script.js';
import { closeInputScript, sendScript } from './input-scripts.js';
import { putScript } from './run-files.js';
import { checkId, checkKey } from './run-key.js';
import { SpoolReader } from './spool-reader.js';
import { startUpload } from './start-script.js';
import { refusal } from './refusal.js';
import { spokenVerdict, verdictOfRecord } from './verdict.js';

const BEGINNING = { stdout: 0, stderr: 0 };
const CONTROL_MS = 15_000;
/** A start or follow has to be answered in this time, plus the time of a slow link for the prompt. */
const HELLO_MS = 60_000;
const SLOWEST_BYTES_PER_MS = 32;
/** How long a cancel waits for processes that were killed to be gone. */
const KILL_MS = 5_000;

/** Durable runs on whatever a `ChannelSource` leads to. Keeps nothing: all that is known of a run is in its files. */
export class ShellRuns implements DurableRuns {
  readonly #caller: ShellCaller;
  readonly #prepare: () => Promise<unknown>;
  #facts: Promise<ProbeFacts> | null = null;

  /** `prepare` makes the login environment of the host ready, in which every run starts. */
  constructor(caller: ShellCaller, prepare: () => Promise<unknown>) {
    this.#caller = caller;
    this.#prepare = prepare;
  }

  async put(run: RunKey, files: readonly RunFile[], options: CallOptions = {}): Promise<void> {
    checkKey(run);
    await this.#probe();
    const data = Buffer.concat(files.map(({ content }) => content));
    const words = await this.#control((nonce) => putScript(run, nonce, files), {
      timeoutMs: CONTROL_MS + data.length / SLOWEST_BYTES_PER_MS,
      data,
      ...options,
    });
    if (words[0] !== 'DONE') this.#refuse(words);
  }

  async *start(
    run: DurableRun,
    { from = BEGINNING, signal, onSend }: StartOptions = {},
  ): AsyncGenerator<RunEvent> {
    checkKey(run);
    const [facts] = await Promise.all([this.#probe(), this.#prepare()]);
    const nonce = newNonce();
    const upload = startUpload(run, nonce, facts, from);
    yield* this.#attach(run, nonce, upload, 'start', { from, signal, onSend });
  }

  async *follow(
    run: RunKey,
    { from = BEGINNING, signal }: FollowOptions = {},
  ): AsyncGenerator<RunEvent> {
    checkKey(run);
    const facts = await this.#probe();
    const nonce = newNonce();
    const upload = [`${attachScript(run.id, nonce, facts, from)}\n`];
    yield* this.#attach(run, nonce, upload, 'follow', { from, signal, onSend: undefined });
  }

  async send(run: RunKey, at: number, data: Buffer, options: CallOptions = {}): Promise<void> {
    checkKey(run);
    if (data.length === 0) return;
    const words = await this.#control((nonce) => sendScript(run.id, nonce, at, data.length), {
      timeoutMs: CONTROL_MS + data.length / SLOWEST_BYTES_PER_MS,
      data,
      ...options,
    });
    this.#given(words);
  }

  async closeInput(run: RunKey, options: CallOptions = {}): Promise<void> {
    checkKey(run);
    this.#given(await this.#control((nonce) => closeInputScript(run.id, nonce), options));
  }

  async status(run: RunKey, options: CallOptions = {}): Promise<RunVerdict | { kind: 'running' }> {
    checkKey(run);
    const words = await this.#control((nonce) => statusScript(run.id, nonce), options);
    if (words[0] === 'RUNNING') return { kind: 'running' };
    return spokenVerdict(words) ?? this.#refuse(words);
  }

  async cancel(
    run: RunKey,
    {
      intMs = 2_000,
      termMs = 3_000,
      ...options
    }: CallOptions & { intMs?: number; termMs?: number } = {},
  ): Promise<CancelProof> {
    checkKey(run);
    const { tick } = await this.#probe();
    const ticks = (ms: number): number => Math.ceil(ms / (Number(tick) * 1000));
    const words = await this.#control(
      (nonce) =>
        cancelScript(run.id, nonce, {
          tick,
          intTicks: ticks(intMs),
          termTicks: ticks(termMs),
          killTicks: ticks(KILL_MS),
        }),
      // Looking at every process takes time of its own on a busy host.
      { timeoutMs: CONTROL_MS + 3 * (intMs + termMs + KILL_MS), ...options },
    );
    const [word, ...rest] = words;
    if (word === 'GONE') return { kind: 'gone' };
    if (word === 'STUCK')
      return { kind: 'stuck', pids: rest.filter((pid) => pid !== '').map(Number) };
    return this.#refuse(words);
  }

  async remove(
    run: RunKey,
    { fence = false, ...options }: CallOptions & { fence?: boolean } = {},
  ): Promise<void> {
    checkKey(run);
    const words = await this.#control((nonce) => removeScript(run.id, nonce, fence), {
      priority: 'bulk',
      ...options,
    });
    if (words[0] !== 'DONE') this.#refuse(words);
  }

  async collectAbandoned(
    olderThanDays: number,
    { keep = [], ...options }: CallOptions & { keep?: readonly string[] } = {},
  ): Promise<number> {
    keep.forEach(checkId);
    const days = Math.max(1, Math.floor(olderThanDays));
    const words = await this.#control((nonce) => collectScript(days, keep, nonce), {
      priority: 'bulk',
      timeoutMs: 60_000,
      ...options,
    });
    return words[0] === 'DONE' ? Number(words[1]) : this.#refuse(words);
  }

  async *#attach(
    run: RunKey,
    nonce: string,
    upload: readonly (string | Buffer)[],
    priority: 'start' | 'follow',
    {
      from,
      signal,
      onSend,
    }: {
      from: { stdout: number; stderr: number };
      signal: AbortSignal | undefined;
      onSend: (() => void) | undefined;
    },
  ): AsyncGenerator<RunEvent> {
    signal?.throwIfAborted();
    const channel = await this.#caller.open(priority, signal);
    const reader = new ChannelReader(channel);
    const spool = new SpoolReader(nonce, run.nonce, from);
    const abort = (): void => {
      reader.fail(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    const uploadBytes = upload.reduce((sum, part) => sum + part.length, 0);
    const deadline = setTimeout(
      () => {
        reader.fail(this.#lost('ssh/timeout', 'No answer to the start or follow of a run in time'));
      },
      HELLO_MS + uploadBytes / SLOWEST_BYTES_PER_MS,
    );
    let accepted = false;
    try {
      signal?.throwIfAborted();
      onSend?.();
      for (const part of upload) channel.stdin.write(part);
      for await (const { stream, data } of reader) {
        for (const piece of spool.push(stream, data)) {
          if (piece.type === 'output') {
            yield piece;
            continue;
          }
          const [word] = piece.words;
          if (word === 'ACK' || word === 'HELLO') {
            clearTimeout(deadline);
            if (!accepted) yield { type: 'accepted', duplicate: piece.words[1] !== 'OK' };
            accepted = true;
            continue;
          }
          yield { type: 'ended', verdict: spokenVerdict(piece.words) ?? this.#refuse(piece.words) };
          return;
        }
        if (spool.end !== null) {
          const { record } = spool.end;
          yield {
            type: 'ended',
            verdict:
              record === null ? await this.#lostVerdict(run, signal) : verdictOfRecord(record),
          };
          return;
        }
      }
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', abort);
      channel.close();
    }
    throw this.#lost('ssh/connection-lost', 'The follower of a run ended before the run did');
  }

  /** The follower found the supervisor gone without a record. If that is not so any more, following again tells. */
  async #lostVerdict(run: RunKey, signal: AbortSignal | undefined): Promise<RunVerdict> {
    const verdict = await this.status(run, signal === undefined ? {} : { signal });
    if (verdict.kind === 'lost') return verdict;
    throw this.#lost('ssh/connection-lost', 'The run was being ended while it was looked at');
  }

  #probe(): Promise<ProbeFacts> {
    this.#facts ??= this.#control(probeScript, {})
      .then((words) => {
        const [word, follow, launch, tick] = words;
        return word === 'PROBE' ? probeFacts.parse({ follow, launch, tick }) : this.#refuse(words);
      })
      .catch((error: unknown) => {
        this.#facts = null;
        throw error;
      });
    return this.#facts;
  }

  async #control(
    script: (nonce: string) => string,
    options: CallOptions & { priority?: ChannelPriority; data?: Buffer },
  ): Promise<string[]> {
    const nonce = newNonce();
    return this.#caller.ask(script(nonce), nonce, { timeoutMs: CONTROL_MS, ...options });
  }

  /** What is over reads nothing any more. */
  #given(words: readonly string[]): void {
    if (!['DONE', 'OVER', 'NONE', 'NEVER'].includes(words[0] ?? '')) this.#refuse(words);
  }

  #refuse(words: readonly string[]): never {
    // The directory of the runs was removed under us: the next call makes it again.
    if (words[1] === 'missing') this.#facts = null;
    throw refusal(words, this.#caller.hostName);
  }

  #lost(code: 'ssh/connection-lost' | 'ssh/timeout', detail: string): ChannelLost {
    return new ChannelLost(code, this.#caller.hostName, detail);
  }
}
