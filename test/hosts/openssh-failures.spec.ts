import { describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SshFailure } from '../../src/hosts/ssh/errors.js';
import { OpensshLink } from '../../src/hosts/ssh/openssh/openssh-link.js';
import { KeyRing } from '../../src/hosts/ssh/private-keys.js';
import { resolveSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config.js';
import { targetFromSshConfig } from '../../src/hosts/ssh/ssh-config/ssh-config-target.js';
import { type HostKeyVerifier, type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { opensshAvailable, overOpenssh } from '../support/openssh.js';
import { rejectionOf, targetOf } from '../support/ssh-pool.js';
import { failsAlike, Trouble } from './ssh-failures.contract.js';

const isPossible = opensshAvailable();
const onOpenssh = isPossible ? describe : describe.skip;
const needs = isPossible ? '' : ' (skipped: no sshd, or no OpenSSH client of 8.7 or newer)';

onOpenssh(`What is wrong between here and a remote, as the system's ssh sees it${needs}`, () => {
  const trouble = new Trouble();

  const refusalOf = async (
    target: SshTarget,
    verify: HostKeyVerifier = async () => 'accept',
  ): Promise<SshFailure> =>
    (await rejectionOf(
      OpensshLink.open(overOpenssh(target), new KeyRing(), verify, ['a test']),
    )) as SshFailure;
  const failure = (changes: Partial<SshTarget>, verify?: HostKeyVerifier): Promise<SshFailure> =>
    refusalOf(targetOf(trouble.sshd, changes), verify);

  failsAlike(trouble, failure);

  it('a sealed key that the server does not know is a failed login that says so', async () => {
    const privateKeys = [{ ...trouble.keyAt(trouble.newKey('sealed')), source: 'sealed' }];
    expect(await failure({ privateKeys })).toMatchObject({
      code: 'ssh/auth-failed',
      message: expect.stringContaining('the sealed key'),
    });
  });

  describe('on the way over other hosts', () => {
    const over = async (innerPort: number, lines: readonly string[] = []): Promise<SshFailure> => {
      const configPath = join(trouble.sshd.dir, 'config');
      const [user, key] = [
        `User ${trouble.sshd.user}`,
        `IdentityFile ${trouble.sshd.clientKeyPath}`,
      ];
      writeFileSync(
        configPath,
        [
          `Host jump\nHostName 127.0.0.1\nPort ${String(trouble.sshd.port)}\n${user}\n${key}`,
          `Host inner\nHostName 127.0.0.1\nPort ${String(innerPort)}\n${user}\n${key}\nProxyJump jump`,
          ...lines,
          '',
        ].join('\n'),
      );
      const resolved = await resolveSshConfig('inner', {
        configPath,
        environment: { PATH: process.env['PATH'] },
      });
      const target = await targetFromSshConfig(resolved, { id: '1', name: 'inner' });
      return refusalOf({ ...target, ownsKeys: false });
    };

    it('a refused connection is that of the host which was to be reached', async () => {
      const port = await trouble.closedPort();
      const error = await over(port);
      expect(error).toMatchObject({ code: 'ssh/refused' });
      expect(error.message).toContain(`inner (`);
      expect(error.message).toContain('says the jump host 127.0.0.1');
    });

    it('a stalling host is named, and not the one that was passed', async () => {
      const port = await trouble.listen((socket) => socket.end('Exceeded MaxStartups\r\n'));
      const error = await over(port);
      expect(error).toMatchObject({ code: 'ssh/session-limit' });
      expect(error.message).toContain(String(port));
    });
  });
});
