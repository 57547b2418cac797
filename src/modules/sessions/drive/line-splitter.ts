const NEWLINE = 10;
/** No agent's event is that long; a stream without newlines must not fill the memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** So much of a line that is too long is told. */
const START_BYTES = 2_000;

/**
 * Cuts a stream of bytes into lines, in any chunking: works on bytes, so a character split between two chunks stays whole,
 * and knows the exact offset after the last complete line, from which another process can go on.
 */
export class LineSplitter {
  private readonly unfinished: Buffer[] = [];
  private unfinishedBytes = 0;
  /** How the line begins that is being left out; null while the one that comes is not too long. */
  private start: string | null = null;

  /**
   * @param consumed bytes of the stream that lie before the first chunk.
   * @param leftOut called with how a line begins that is too long, and left out, when its end is reached.
   */
  constructor(
    private consumed: number,
    private readonly leftOut: (start: string) => void,
    private readonly maxLineBytes = MAX_LINE_BYTES,
  ) {}

  /** Offset of the byte after the last complete line. */
  get offset(): number {
    return this.consumed;
  }

  /** The lines that the chunk completes, without their newline. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.hold(chunk.subarray(from, end));
      lines.push(...this.take(1));
      from = end + 1;
    }
    if (from < chunk.length) this.hold(chunk.subarray(from));
    return lines;
  }

  /** The last line when the stream has ended without a newline. */
  rest(): string[] {
    return this.unfinishedBytes > 0 ? this.take(0) : [];
  }

  private hold(piece: Buffer): void {
    if (this.start === null) this.unfinished.push(piece);
    this.unfinishedBytes += piece.length;
    if (this.start !== null || this.unfinishedBytes <= this.maxLineBytes) return;
    this.start = Buffer.concat(this.unfinished).toString('utf8', 0, START_BYTES);
    this.unfinished.length = 0;
  }

  private take(newline: 0 | 1): string[] {
    const { start } = this;
    const line = Buffer.concat(this.unfinished);
    this.consumed += this.unfinishedBytes + newline;
    this.unfinished.length = 0;
    this.unfinishedBytes = 0;
    this.start = null;
    if (start === null) return [line.toString('utf8')];
    this.leftOut(start);
    return [];
  }
}
