import { type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { type HostKeyVerifier } from '../../src/hosts/ssh/ssh-target.js';
import { targetOf } from './ssh-pool.js';
import { type TestSshd } from './sshd.js';

/** `last` as it is reached over `hops`, the nearest first. */
export const targetOver = (
  hops: readonly TestSshd[],
  last: TestSshd,
  changes: Partial<SshTarget> = {},
): SshTarget =>
  targetOf(last, {
    jumps: hops.map((hop, index) => targetOf(hop, { name: `devbox via jump${String(index + 1)}` })),
    ...changes,
  });

/** Accepts of each host the key which it has at this moment, and no other. */
export const pinsOf = (
  hops: readonly TestSshd[],
  last: TestSshd,
): { verifyHostKey: HostKeyVerifier; asked: (string | null)[] } => {
  const pins = new Map<string | null, string>([[null, last.hostKeyFingerprint]]);
  for (const hop of hops) pins.set(`${hop.host}:${String(hop.port)}`, hop.hostKeyFingerprint);
  const asked: (string | null)[] = [];
  return {
    asked,
    verifyHostKey: async ({ fingerprint }, hop) => {
      asked.push(hop);
      return pins.get(hop) === fingerprint ? 'accept' : { code: 'ssh/host-key-changed' };
    },
  };
};
