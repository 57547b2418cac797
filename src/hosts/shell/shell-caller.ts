import { type Channel, type ChannelPriority, type ChannelSource } from '../channel.js';
import { type CallOptions } from '../host.js';
import { HostFailure } from '../host-errors.js';
import { ChannelLost } from './channel-lost.js';
import { ChannelReader, type StreamName } from './channel-reader.js';
import { MarkerParser } from './marker-parser.js';

export interface ShellCall {
  /** One line; the framing of its answer is its own business, by the nonce. */
  script: string;
  nonce: string;
  /** What the script reads from its stdin. */
  data?: Buffer | string;
  priority: ChannelPriority;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Bytes of one stream above which the call fails. */
  maxOutputBytes?: number;
  /**
   * The script stops what it runs when its stdin ends, and speaks only then: the call waits for that before it
   * fails. Without it the channel is just dropped.
   */
  stopsAtEnd?: boolean;
  failures: {
    timeout: () => Error;
    tooLarge?: () => Error;
  };
}

export interface ShellAnswer {
  /** The words of the last marker line, without `END`. */
  words: string[];
  stdout: Buffer;
  stderr: Buffer;
}

/** Of what a host says before it answers, the end is kept. */
const NOISE_CHARACTERS = 1_000;
/** How long a script may take to stop what it runs, before the link is taken to be lost. */
const STOP_MS = 8_000;

/** Puts one question to a host: opens a channel, sends script and data, collects the answer, ends in time. */
export class ShellCaller {
  readonly hostName: string;
  readonly #channels: ChannelSource;

  constructor(channels: ChannelSource, hostName: string) {
    this.#channels = channels;
    this.hostName = hostName;
  }

  open(priority: ChannelPriority, signal?: AbortSignal): Promise<Channel> {
    return this.#channels.open(priority, signal);
  }

  /** For a script whose whole answer is one marker line on stdout. */
  async ask(
    script: string,
    nonce: string,
    {
      timeoutMs,
      signal,
      data,
      priority = 'control',
    }: CallOptions & { timeoutMs: number; data?: Buffer; priority?: ChannelPriority },
  ): Promise<string[]> {
    const timeout = (): Error =>
      new ChannelLost('ssh/timeout', this.hostName, `No answer within ${timeoutMs} ms`);
    const { words } = await this.call({
      script,
      nonce,
      ...(data === undefined ? {} : { data }),
      priority,
      timeoutMs,
      signal,
      failures: { timeout },
    });
    return words;
  }

  /**
   * On stdout: noise, then either one marker line, or `DATA`, bytes, `END words`. On stderr: noise, or `DATA`,
   * bytes, `END`; it is waited for when stdout had `DATA both`.
   */
  async call(call: ShellCall): Promise<ShellAnswer> {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      stop.abort(call.failures.timeout());
    }, call.timeoutMs);
    const onAbort = (): void => {
      stop.abort(call.signal?.reason);
    };
    if (call.signal?.aborted === true) onAbort();
    call.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      stop.signal.throwIfAborted();
      const channel = await this.#channels.open(call.priority, stop.signal);
      try {
        return await this.#converse(channel, call, stop);
      } finally {
        channel.close();
      }
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', onAbort);
    }
  }

  async #converse(channel: Channel, call: ShellCall, stop: AbortController): Promise<ShellAnswer> {
    const reader = new ChannelReader(channel);
    let grace: NodeJS.Timeout | undefined;
    const onStop = (): void => {
      if (call.stopsAtEnd !== true) {
        reader.fail(stop.signal.reason);
        return;
      }
      channel.stdin.end();
      grace = setTimeout(() => {
        reader.fail(
          new ChannelLost(
            'ssh/timeout',
            this.hostName,
            'A command that had to be stopped gave no answer',
          ),
        );
      }, STOP_MS);
    };
    if (stop.signal.aborted) onStop();
    stop.signal.addEventListener('abort', onStop, { once: true });
    try {
      channel.stdin.write(`${call.script}\n`);
      if (call.data !== undefined && call.data.length > 0) channel.stdin.write(call.data);
      const answer = await this.#collect(channel, reader, call, stop);
      stop.signal.throwIfAborted();
      return answer;
    } finally {
      clearTimeout(grace);
      stop.signal.removeEventListener('abort', onStop);
    }
  }

  async #collect(
    channel: Channel,
    reader: ChannelReader,
    call: ShellCall,
    stop: AbortController,
  ): Promise<ShellAnswer> {
    const streams: Record<StreamName, AnswerStream> = {
      stdout: new AnswerStream(call.nonce),
      stderr: new AnswerStream(call.nonce),
    };
    const { stdout, stderr } = streams;
    for await (const { stream, data } of reader) {
      streams[stream].push(data);
      if (!stop.signal.aborted && streams[stream].bytes > (call.maxOutputBytes ?? Infinity)) {
        stop.abort(call.failures.tooLarge?.());
      }
      if (stop.signal.aborted) streams[stream].drop();
      if (stdout.words !== null && (stderr.words !== null || !stdout.both)) {
        return { words: stdout.words, stdout: stdout.content(), stderr: stderr.content() };
      }
    }
    if (!stdout.hasSpoken) await this.#explain(channel, stdout.noise || stderr.noise);
    throw new ChannelLost(
      'ssh/connection-lost',
      this.hostName,
      'The host closed the channel before its answer was complete',
    );
  }

  /** A login shell that ends by itself before it starts the loader will do so every time: time does not heal that. */
  async #explain(channel: Channel, said: string): Promise<void> {
    const { code } = await channel.closed;
    // 128 + n: a signal did it, as when the host shuts down.
    if (code === null || code > 128) return;
    const words =
      said
        .trim()
        .split(/\s*[\r\n]+\s*/)
        .at(-1) ?? '';
    throw new HostFailure(
      'host/unsuitable',
      `${this.hostName}: the login shell ended with ${code} before it ran a command` +
        (words === '' ? '' : `, saying "${words.slice(-200)}"`),
      {
        hint: 'A start-up file of the shell (~/.bashrc, ~/.zshenv, ~/.config/fish/config.fish) must not end it or replace it, and the user must have a login shell: `ssh HOST true` must work.',
      },
    );
  }
}

class AnswerStream {
  readonly #parser: MarkerParser;
  #parts: Buffer[] = [];
  #isData = false;
  bytes = 0;
  both = false;
  words: string[] | null = null;
  /** Whether the loader has run. */
  hasSpoken = false;
  /** The end of what came before that. */
  noise = '';

  constructor(nonce: string) {
    this.#parser = new MarkerParser([nonce]);
  }

  push(chunk: Buffer): void {
    for (const segment of this.#parser.push(chunk)) {
      if (this.words !== null) return;
      if (segment.kind === 'bytes' && !this.hasSpoken) {
        this.noise = (this.noise + segment.data.toString('utf8')).slice(-NOISE_CHARACTERS);
        continue;
      }
      this.hasSpoken = true;
      if (segment.kind === 'bytes') {
        if (!this.#isData) continue;
        this.#parts.push(segment.data);
        this.bytes += segment.data.length;
      } else if (segment.words[0] === 'DATA') {
        this.#isData = true;
        this.both = segment.words[1] === 'both';
      } else {
        this.words = segment.words[0] === 'END' ? segment.words.slice(1) : segment.words;
      }
    }
  }

  drop(): void {
    this.#parts = [];
  }

  content(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
