import { describe, expect, it } from '@jest/globals';
import { SshFailure, type SshFailureOptions } from '../../../../src/hosts/ssh/errors.js';
import { type SshTarget } from '../../../../src/hosts/ssh/ssh-target.js';
import { beyondSsh2, reasonsForOpenssh } from '../../../../src/hosts/ssh/transport-choice.js';

const target: SshTarget = {
  id: '1',
  name: 'devbox',
  host: '10.0.0.7',
  port: 22,
  username: 'alice',
  privateKeys: [],
};
const blob = Buffer.alloc(0);
const authorities = [{ type: 'ssh-ed25519', fingerprint: 'SHA256:' as const, blob }];
const failed = (code: SshFailure['code'], options: SshFailureOptions = {}): SshFailure =>
  new SshFailure(code, target, options);

describe('What carries the link to a host', () => {
  it('is ssh2, unless something needs more', () => {
    expect(reasonsForOpenssh(target)).toEqual([]);
    expect(reasonsForOpenssh({ ...target, transport: { kind: 'ssh2', reasons: [] } })).toEqual([]);
  });

  it('is the ssh of the system as soon as one host on the way needs it', () => {
    const hop: SshTarget = {
      ...target,
      transport: { kind: 'openssh', reasons: ['CertificateFile', 'BindAddress'] },
    };
    expect(reasonsForOpenssh({ ...hop, jumps: [hop] })).toEqual(['CertificateFile', 'BindAddress']);
    expect(reasonsForOpenssh({ ...target, jumps: [hop] })).toEqual([
      'CertificateFile',
      'BindAddress',
    ]);
  });

  it('is the ssh of the system for a host of which only an authority is known', () => {
    expect(reasonsForOpenssh({ ...target, authorities })).toEqual(['@cert-authority']);
    const known = { ...target, authorities, knownKeyTypes: ['ssh-ed25519'] };
    expect(reasonsForOpenssh(known)).toEqual([]);
  });

  it.each([
    ['Handshake failed: no matching key exchange algorithm', 'KexAlgorithms'],
    ['Handshake failed: no matching host key format', 'HostKeyAlgorithms'],
    ['Handshake failed: no matching C->S cipher', 'Ciphers'],
    ['Handshake failed: no matching S->C MAC', 'MACs'],
    ['Bad packet length', null],
  ])('is another one after ssh2 has said: %s', (message, reason) => {
    expect(beyondSsh2(failed('ssh/unsupported', { cause: new Error(message) }))).toBe(reason);
  });

  it('is another one for a key that an agent keeps for certain hosts', () => {
    const detail = 'ssh-agent: Agent responded with failure';
    expect(beyondSsh2(failed('ssh/no-identity', { detail }))).toBe('IdentityAgent');
    const offered = { detail: `offered /k, ssh-agent; ${detail}` };
    expect(beyondSsh2(failed('ssh/auth-failed', offered))).toBe('IdentityAgent');
  });

  it('is no other one after a login or a host key was refused, or when nobody answers', () => {
    for (const code of [
      'ssh/auth-failed',
      'ssh/host-key-unknown',
      'ssh/host-key-changed',
      'ssh/refused',
      'ssh/timeout',
    ] as const) {
      expect(beyondSsh2(failed(code))).toBeNull();
    }
    expect(beyondSsh2(new Error('no matching key exchange algorithm'))).toBeNull();
  });
});
