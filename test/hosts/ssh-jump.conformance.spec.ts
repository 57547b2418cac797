import { describe, it } from '@jest/globals';
import { type SshHost, sshHost } from '../../src/hosts/ssh-host.js';
import { pinsOf, targetOver } from '../support/ssh-chain.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { hostConformance, type HostUnderTest } from './host.conformance.js';

const hostOver = (hops: readonly TestSshd[], last: TestSshd): SshHost =>
  sshHost({
    id: 'remote',
    name: 'devbox',
    target: async () => targetOver(hops, last),
    verifyHostKey: pinsOf(hops, last).verifyHostKey,
  });

const open = async (): Promise<HostUnderTest> => {
  const [jump1, jump2, last] = await Promise.all([startSshd(), startSshd(), startSshd()]);
  const host = hostOver([jump1, jump2], last);
  const opened = [host];
  return {
    host,
    reopen: async () => {
      const again = hostOver([jump1, jump2], last);
      opened.push(again);
      return again;
    },
    cutLink: () => {
      jump1.cutConnections();
    },
    close: async () => {
      await Promise.all(opened.map((each) => each.close()));
      await Promise.all([jump1, jump2, last].map((sshd) => sshd.stop()));
    },
  };
};

if (sshdAvailable()) {
  hostConformance('ssh over two jump hosts', open);
} else {
  describe('ssh over two jump hosts', () => {
    it.skip('conforms (skipped: no sshd on this machine)', () => undefined);
  });
}
