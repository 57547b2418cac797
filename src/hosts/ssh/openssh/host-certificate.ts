import { publicKeyOf } from '../public-key.js';
import { type HostKey } from '../ssh-target.js';
import { WireReader, wireString } from './wire-format.js';

const CERTIFICATE = /-cert-v0[01]@openssh\.com$/;
/** How many values a public key has, after the name of its type. */
const VALUES: Readonly<Record<string, number>> = {
  'ssh-rsa': 2,
  'ssh-dss': 4,
  'ssh-ed25519': 1,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
  'sk-ssh-ed25519@openssh.com': 2,
  'sk-ecdsa-sha2-nistp256@openssh.com': 3,
};
/** Serial number and kind. */
const BYTES_BEFORE_KEY_ID = 8 + 4;
/** Valid from and until. */
const BYTES_OF_VALIDITY = 8 + 8;

/**
 * The host key in a blob. A certificate (OpenSSH's PROTOCOL.certkeys) is the key that it certifies, and who signed it;
 * whether it is valid is for `ssh` to check. Throws for a kind of certificate that is not known.
 */
export const hostKeyOf = (blob: Buffer): HostKey => {
  const packet = new WireReader(blob);
  const name = packet.text();
  if (!CERTIFICATE.test(name)) return publicKeyOf(blob);
  const type = name.replace(CERTIFICATE, '').replace(/^sk-.*/, '$&@openssh.com');
  const count = VALUES[type];
  if (count === undefined) throw new RangeError(`A certificate of an unknown kind: ${name}`);
  packet.string();
  const values = Array.from({ length: count }, () => wireString(packet.string()));
  packet.take(BYTES_BEFORE_KEY_ID);
  packet.string();
  packet.string();
  packet.take(BYTES_OF_VALIDITY);
  packet.string();
  packet.string();
  packet.string();
  const authority = publicKeyOf(packet.string());
  return { ...publicKeyOf(Buffer.concat([wireString(type), ...values])), authority };
};
