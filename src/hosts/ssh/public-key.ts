import { createHash } from 'node:crypto';
import { type PublicKey } from './ssh-target.js';

/** @param blob in wire format, as it is in known_hosts and on the wire. */
export const publicKeyOf = (blob: Buffer): PublicKey => ({
  type: blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)),
  fingerprint: `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`,
  blob,
});
