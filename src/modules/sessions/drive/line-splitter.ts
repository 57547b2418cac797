const NEWLINE = 10;
/** No agent's event is that long; a stream without newlines must not fill the memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Cuts a stream of bytes into lines, in any chunking: works on bytes, so a character split between two chunks stays whole,
 * and knows the exact offset after the last complete line, from which another process can go on.
 */
export class LineSplitter {
  private readonly unfinished: Buffer[] = [];
  private unfinishedBytes = 0;

  /**
   * @param consumed bytes of the stream that lie before the first chunk.
   * @param maxLineBytes a longer line is cut: what came of it so far is dropped.
   */
  constructor(
    private consumed: number,
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
      lines.push(this.take(1));
      from = end + 1;
    }
    if (from < chunk.length) this.hold(chunk.subarray(from));
    if (this.unfinishedBytes > this.maxLineBytes) this.take(0);
    return lines;
  }

  /** The last line when the stream has ended without a newline. */
  rest(): string | null {
    return this.unfinished.length > 0 ? this.take(0) : null;
  }

  private hold(piece: Buffer): void {
    this.unfinished.push(piece);
    this.unfinishedBytes += piece.length;
  }

  private take(newline: 0 | 1): string {
    const line = Buffer.concat(this.unfinished);
    this.unfinished.length = 0;
    this.unfinishedBytes = 0;
    this.consumed += line.length + newline;
    return line.toString('utf8');
  }
}
