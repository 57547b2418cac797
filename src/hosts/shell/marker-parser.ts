/** A piece of a byte stream: bytes as they are, or one of our own lines `@@<nonce> WORD WORD...`. */
export type Segment =
  { kind: 'bytes'; data: Buffer } | { kind: 'marker'; nonce: string; words: string[] };

const NEWLINE = 10;

/**
 * Finds marker lines in a stream of bytes that comes in chunks of any size. A marker may stand anywhere, also
 * after output without a final newline. Bytes that may turn out to be the beginning of a marker are held back.
 */
export class MarkerParser {
  readonly #patterns: { nonce: string; bytes: Buffer }[];
  #held: Buffer = Buffer.alloc(0);

  constructor(nonces: readonly string[]) {
    this.#patterns = nonces.map((nonce) => ({ nonce, bytes: Buffer.from(`@@${nonce} `) }));
  }

  /** What may be the beginning of a marker, and was not handed out yet. */
  get held(): Buffer {
    return this.#held;
  }

  push(chunk: Buffer): Segment[] {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const segments: Segment[] = [];
    for (;;) {
      const found = this.#first(rest);
      const at = found?.at ?? rest.length - this.#partialLength(rest);
      if (at > 0) segments.push({ kind: 'bytes', data: rest.subarray(0, at) });
      rest = rest.subarray(at);
      const end = found === null ? -1 : rest.indexOf(NEWLINE);
      if (found === null || end === -1) break;
      const words = rest.toString('utf8', found.length, end).split(' ');
      segments.push({ kind: 'marker', nonce: found.nonce, words });
      rest = rest.subarray(end + 1);
    }
    this.#held = rest;
    return segments;
  }

  #first(bytes: Buffer): { at: number; length: number; nonce: string } | null {
    let first: { at: number; length: number; nonce: string } | null = null;
    for (const { nonce, bytes: pattern } of this.#patterns) {
      const at = bytes.indexOf(pattern);
      if (at !== -1 && (first === null || at < first.at))
        first = { at, length: pattern.length, nonce };
    }
    return first;
  }

  /** Length of the longest end of `bytes` that a marker could begin with. */
  #partialLength(bytes: Buffer): number {
    const longest = Math.max(...this.#patterns.map(({ bytes: pattern }) => pattern.length)) - 1;
    for (let length = Math.min(longest, bytes.length); length > 0; length -= 1) {
      const end = bytes.subarray(bytes.length - length);
      if (this.#patterns.some(({ bytes: pattern }) => pattern.subarray(0, length).equals(end)))
        return length;
    }
    return 0;
  }
}
