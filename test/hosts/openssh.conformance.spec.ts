import { describe, it } from '@jest/globals';
import { type SshHost, sshHost } from '../../src/hosts/ssh-host.js';
import { opensshAvailable, overOpenssh } from '../support/openssh.js';
import { pinsOf } from '../support/ssh-chain.js';
import { targetOf } from '../support/ssh-pool.js';
import { startSshd, type TestSshd } from '../support/sshd.js';
import { hostConformance, type HostUnderTest } from './host.conformance.js';

const hostOn = (sshd: TestSshd): SshHost =>
  sshHost({
    id: 'remote',
    name: 'devbox',
    target: async () => overOpenssh(targetOf(sshd)),
    verifyHostKey: pinsOf([], sshd).verifyHostKey,
  });

const open = async (): Promise<HostUnderTest> => {
  const sshd = await startSshd();
  const host = hostOn(sshd);
  const opened = [host];
  return {
    host,
    reopen: async () => {
      const again = hostOn(sshd);
      opened.push(again);
      return again;
    },
    cutLink: () => {
      sshd.cutConnections();
    },
    close: async () => {
      await Promise.all(opened.map((each) => each.close()));
      await sshd.stop();
    },
  };
};

if (opensshAvailable()) {
  hostConformance("the system's ssh", open);
} else {
  describe("A host by the system's ssh", () => {
    it.skip('conforms (skipped: no sshd, or no OpenSSH client of 8.7 or newer)', () => undefined);
  });
}
