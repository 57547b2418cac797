import { describe, it } from '@jest/globals';
import { startLoopbackSshServer } from '../../src/cli/demo/loopback-ssh-server.js';
import { findSshd, startLoopbackSshd } from '../../src/cli/demo/loopback-sshd.js';
import { overSsh } from './conformance/over-ssh.js';
import { hostConformance } from './host.conformance.js';

if (findSshd() === null) {
  describe('ssh to a real sshd', () => {
    it.skip('conforms (skipped: no sshd on this machine)', () => undefined);
  });
} else {
  hostConformance('ssh to a real sshd', overSsh(startLoopbackSshd));
}
hostConformance('ssh to the server without sshd', overSsh(startLoopbackSshServer));
