import { describe, expect, it } from '@jest/globals';
import { argumentsFor, configFor } from '../../../../../src/hosts/ssh/openssh/master-config.js';
import { type SshTarget } from '../../../../../src/hosts/ssh/ssh-target.js';

const target: SshTarget = {
  id: '1',
  name: 'devbox',
  host: '10.0.0.7',
  port: 2200,
  username: 'alice',
  privateKeys: [],
  openssh: { config: { alias: 'devbox', path: '/home/alice/my config' } },
};
const linesOf = (each: SshTarget): string[] => configFor(each, '/bin/sh /d/ask %I').split('\n');

describe('The config of a master of ssh', () => {
  it('says what must not be weakened before the config of the user does, for the first value counts', () => {
    const lines = linesOf(target);
    const include = lines.indexOf('Include "/home/alice/my config"');
    for (const line of [
      'BatchMode yes',
      'StrictHostKeyChecking yes',
      'UserKnownHostsFile /dev/null',
      'GlobalKnownHostsFile /dev/null',
      'KnownHostsCommand /bin/sh /d/ask %I',
      'NoHostAuthenticationForLocalhost no',
      'VerifyHostKeyDNS no',
      'ControlPath none',
      'PermitLocalCommand no',
    ]) {
      expect(lines).toContain(line);
      expect(lines.indexOf(line)).toBeLessThan(include);
    }
    expect(lines.indexOf('ConnectTimeout 15')).toBeGreaterThan(include);
  });

  it('includes nothing for a host that is not of a config', () => {
    expect(
      linesOf({ ...target, openssh: {} }).filter((line) => line.startsWith('Include')),
    ).toEqual([]);
  });

  it('asks a host with several keys for the one that is known', () => {
    const jumps = [{ ...target, host: '10.0.0.1', knownKeyTypes: ['ssh-rsa'] }];
    const lines = linesOf({ ...target, knownKeyTypes: ['ssh-ed25519', 'strange'], jumps });
    expect(lines[lines.indexOf('Match host 10.0.0.1') + 1]).toBe(
      'HostKeyAlgorithms ^rsa-sha2-512,rsa-sha2-256',
    );
    expect(lines[lines.indexOf('Match host 10.0.0.7') + 1]).toBe('HostKeyAlgorithms ^ssh-ed25519');
  });

  it('forwards nothing, runs nothing, and takes the name of the host for nothing else', () => {
    const args = argumentsFor(target, '/d/config', '/d/control', ['IdentityFile=none']);
    expect(args.slice(-6)).toEqual(['-l', 'alice', '-p', '2200', '--', 'devbox']);
    expect(args).toEqual(
      expect.arrayContaining(['-N', '-T', 'ClearAllForwardings=yes', 'RemoteCommand=none']),
    );
  });
});
