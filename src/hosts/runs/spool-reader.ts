import { type RunOffsets } from '../host.js';
import { type StreamName } from '../shell/channel-reader.js';
import { MarkerParser } from '../shell/marker-parser.js';

export type SpoolPiece =
  /** Output of the run; `offset` counts the bytes of the stream after it. */
  | { type: 'output'; stream: StreamName; data: Buffer; offset: number }
  /** Words of the follower itself: `ACK`, `HELLO`, `ERR`, `NONE`... */
  | { type: 'said'; words: string[] };

/** How a followed run ended: a final record, or no record and every byte there is. */
export type SpoolEnd = { record: string } | { record: null };

interface StreamState {
  parser: MarkerParser;
  phase: 'noise' | 'data' | 'ended';
  offset: number;
  /** Bytes of a trailer that a full disk cut short: in the spool, but not output. */
  torn: number;
}

/**
 * Takes apart what a follower sends: noise of login shells, our own words, the bytes of the run, and the end, which
 * is told by the trailers in both spools, or by `FIN` with their sizes.
 */
export class SpoolReader {
  readonly #streams: Record<StreamName, StreamState>;
  readonly #runNonce: string;
  readonly #trailer: Buffer;
  #record: string | null = null;
  #fin: { record: string | null; stdout: number; stderr: number } | null = null;

  constructor(nonce: string, runNonce: string, from: RunOffsets) {
    this.#runNonce = runNonce;
    this.#trailer = Buffer.from(`@@${runNonce} END `);
    const stream = (offset: number): StreamState => ({
      parser: new MarkerParser([nonce, runNonce]),
      phase: 'noise',
      offset,
      torn: 0,
    });
    this.#streams = { stdout: stream(from.stdout), stderr: stream(from.stderr) };
  }

  /** Set as soon as every byte of both streams was taken and the end is known. */
  get end(): SpoolEnd | null {
    const { stdout, stderr } = this.#streams;
    if (stdout.phase === 'ended' && stderr.phase === 'ended' && this.#record !== null) {
      return { record: this.#record };
    }
    if (this.#fin === null) return null;
    return complete(stdout, this.#fin.stdout) && complete(stderr, this.#fin.stderr)
      ? { record: this.#fin.record }
      : null;
  }

  push(stream: StreamName, chunk: Buffer): SpoolPiece[] {
    const state = this.#streams[stream];
    const pieces: SpoolPiece[] = [];
    const segments = state.parser.push(chunk);
    segments.forEach((segment, index) => {
      if (segment.kind === 'bytes') {
        if (state.phase !== 'data') return;
        const next = segments[index + 1];
        const isLast = next?.kind === 'marker' && next.words[0] === 'FIN';
        if (isLast) state.torn = this.#tornTrailer(segment.data);
        const data = segment.data.subarray(0, segment.data.length - (isLast ? state.torn : 0));
        if (data.length === 0) return;
        state.offset += data.length;
        pieces.push({ type: 'output', stream, data, offset: state.offset });
      } else if (segment.nonce === this.#runNonce) {
        if (state.phase === 'data') {
          state.phase = 'ended';
          this.#record = segment.words[1] ?? null;
        }
      } else if (segment.words[0] === 'HELLO' && state.phase === 'noise') {
        state.phase = 'data';
        if (stream === 'stdout') pieces.push({ type: 'said', words: segment.words });
      } else if (segment.words[0] === 'FIN') {
        const [, record = '', stdout, stderr] = segment.words;
        this.#fin = {
          record: record === 'LOST' ? null : record,
          stdout: Number(stdout),
          stderr: Number(stderr),
        };
      } else {
        pieces.push({ type: 'said', words: segment.words });
      }
    });
    return pieces;
  }

  /** At least `@@` and a digit of the run's nonce, which no program knows. */
  #tornTrailer(data: Buffer): number {
    for (let length = Math.min(this.#trailer.length + 24, data.length); length > 2; length -= 1) {
      const end = data.subarray(data.length - length);
      const known = Math.min(length, this.#trailer.length);
      if (end.subarray(0, known).equals(this.#trailer.subarray(0, known))) return length;
    }
    return 0;
  }
}

/** Held bytes are counted: when the follower has said its last word they are the beginning of a torn trailer. */
const complete = ({ phase, offset, torn, parser }: StreamState, size: number): boolean =>
  phase === 'ended' || offset + torn + parser.held.length >= size;
