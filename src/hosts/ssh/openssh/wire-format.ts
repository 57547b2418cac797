/** Reads values of the SSH wire format (RFC 4251, 5) one after another; a `RangeError` means that it ends too early. */
export class WireReader {
  #offset = 0;

  constructor(private readonly bytes: Buffer) {}

  byte(): number {
    this.#offset += 1;
    return this.bytes.readUInt8(this.#offset - 1);
  }

  uint32(): number {
    this.#offset += 4;
    return this.bytes.readUInt32BE(this.#offset - 4);
  }

  string(): Buffer {
    return this.take(this.uint32());
  }

  text(): string {
    return this.string().toString('utf8');
  }

  take(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.bytes.length) throw new RangeError('It ends too early');
    const taken = this.bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

export const wireString = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
};
