import { createHash, timingSafeEqual } from 'node:crypto';

/** The token of the one who owns the server. */
export class AdminToken {
  private readonly digest: Buffer;

  constructor(
    readonly value: string,
    /** It was made at this start: whoever started the server has not seen it yet. */
    readonly isNew: boolean,
  ) {
    this.digest = sha256(value);
  }

  /** Compares digests, so that neither the time nor the length tells how near a guess was. */
  matches(token: string): boolean {
    return timingSafeEqual(this.digest, sha256(token));
  }
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
