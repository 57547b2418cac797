/** Cuts a stream of bytes into messages that each have their length in front, as a `uint32`. */
export class Frames {
  #unread: Buffer = Buffer.alloc(0);

  /** @param largest Bytes of a message; a longer one is a `RangeError`. */
  constructor(
    private readonly largest: number,
    private readonly onFrame: (frame: Buffer) => void,
  ) {}

  push(data: Buffer): void {
    this.#unread = this.#unread.length === 0 ? data : Buffer.concat([this.#unread, data]);
    while (this.#unread.length >= 4) {
      const length = this.#unread.readUInt32BE(0);
      if (length > this.largest) throw new RangeError('A message is too long');
      if (this.#unread.length < 4 + length) return;
      const frame = this.#unread.subarray(4, 4 + length);
      this.#unread = this.#unread.subarray(4 + length);
      this.onFrame(frame);
    }
  }
}
