import { describe, expect, it } from '@jest/globals';
import { classifySshError, type SshFault } from '../../../../src/hosts/ssh/classify-ssh-error.js';
import { SshFailure, type SshErrorCode } from '../../../../src/hosts/ssh/errors.js';
import { isTransient } from '../../../../src/hosts/transient.js';

const at = { name: 'devbox', host: '10.0.0.7', port: 2222, username: 'alice' };
const error = (
  message: string,
  facts: { level?: string; code?: string | number } = {},
): SshFault['error'] => Object.assign(new Error(message), facts);

interface Case {
  when: string;
  fault: SshFault;
  code: SshErrorCode;
  says?: string;
}

const noAttempts = { offered: [], methodsLeft: [], skipped: [], agentFault: null };
const denied = error('All configured authentication methods failed', {
  level: 'client-authentication',
});
const lostBefore = error('Connection lost before handshake', { level: 'protocol' });
const timedOut = error('Timed out while waiting for handshake', { level: 'client-timeout' });

const cases: Case[] = [
  {
    when: 'nothing listens',
    fault: {
      error: error('connect ECONNREFUSED', { level: 'client-socket', code: 'ECONNREFUSED' }),
      phase: 'connecting',
    },
    code: 'ssh/refused',
    says: 'Connection refused',
  },
  {
    when: 'the name is unknown',
    fault: {
      error: error('getaddrinfo ENOTFOUND', { level: 'client-socket', code: 'ENOTFOUND' }),
      phase: 'resolving',
    },
    code: 'ssh/unresolved',
    says: 'Could not resolve hostname',
  },
  {
    when: 'the resolver is down',
    fault: {
      error: error('getaddrinfo EAI_AGAIN', { level: 'client-socket', code: 'EAI_AGAIN' }),
      phase: 'resolving',
    },
    code: 'ssh/unresolved',
  },
  {
    when: 'ssh2 resolved the name itself',
    fault: {
      error: error('Error while looking up IPv4 address', { level: 'client-dns' }),
      phase: 'resolving',
    },
    code: 'ssh/unresolved',
  },
  {
    when: 'the route is missing',
    fault: {
      error: error('connect EHOSTUNREACH', { level: 'client-socket', code: 'EHOSTUNREACH' }),
      phase: 'connecting',
    },
    code: 'ssh/no-route',
    says: 'No route to host',
  },
  {
    when: 'the network is missing',
    fault: {
      error: error('connect ENETUNREACH', { level: 'client-socket', code: 'ENETUNREACH' }),
      phase: 'connecting',
    },
    code: 'ssh/no-route',
  },
  {
    when: 'a route prohibits it, which the kernel calls a permission',
    fault: {
      error: error('connect EACCES', { level: 'client-socket', code: 'EACCES' }),
      phase: 'connecting',
    },
    code: 'ssh/no-route',
  },
  {
    when: 'the kernel gives up connecting',
    fault: {
      error: error('connect ETIMEDOUT', { level: 'client-socket', code: 'ETIMEDOUT' }),
      phase: 'connecting',
    },
    code: 'ssh/timeout',
    says: 'Connection timed out',
  },
  {
    when: 'packets vanish',
    fault: { error: timedOut, phase: 'connecting' },
    code: 'ssh/timeout',
    says: 'no answer from the address',
  },
  {
    when: 'something listens and says nothing',
    fault: { error: timedOut, phase: 'greeting' },
    code: 'ssh/timeout',
    says: 'no SSH server answered',
  },
  {
    when: 'the key exchange stalls',
    fault: { error: timedOut, phase: 'negotiating' },
    code: 'ssh/timeout',
    says: 'key exchange',
  },
  {
    when: 'MaxStartups drops the newcomer with a word',
    fault: { error: lostBefore, phase: 'greeting', greeting: 'Exceeded MaxStartups\r\n' },
    code: 'ssh/session-limit',
    says: 'Exceeded MaxStartups',
  },
  {
    when: 'a penalty shuts out the address',
    fault: { error: lostBefore, phase: 'greeting', greeting: 'Not allowed at this time\r\n' },
    code: 'ssh/session-limit',
  },
  {
    when: 'the newcomer is dropped without a word',
    fault: { error: lostBefore, phase: 'greeting' },
    code: 'ssh/connection-lost',
  },
  {
    when: 'the newcomer is reset',
    fault: {
      error: error('read ECONNRESET', { level: 'client-socket', code: 'ECONNRESET' }),
      phase: 'greeting',
    },
    code: 'ssh/connection-lost',
  },
  {
    when: 'a web server answers',
    fault: { error: lostBefore, phase: 'greeting', greeting: 'HTTP/1.1 400 Bad Request\r\n' },
    code: 'ssh/unsupported',
    says: 'web server',
  },
  {
    when: 'the protocol is version 1',
    fault: { error: error('Invalid identification string'), phase: 'greeting' },
    code: 'ssh/unsupported',
  },
  {
    when: 'no key exchange is common',
    fault: {
      error: error('Handshake failed: no matching key exchange algorithm', { level: 'handshake' }),
      phase: 'negotiating',
    },
    code: 'ssh/unsupported',
    says: 'no matching key exchange',
  },
  {
    when: 'the verifier says the host key is unknown',
    fault: {
      error: error('Host denied (verification failed)', { level: 'handshake' }),
      phase: 'negotiating',
      refusal: { code: 'ssh/host-key-unknown' },
    },
    code: 'ssh/host-key-unknown',
    says: 'Host key verification failed',
  },
  {
    when: 'the verifier says the host key has changed',
    fault: {
      error: error('Host denied (verification failed)', { level: 'handshake' }),
      phase: 'negotiating',
      refusal: { code: 'ssh/host-key-changed', detail: 'expected SHA256:a' },
    },
    code: 'ssh/host-key-changed',
    says: 'expected SHA256:a',
  },
  {
    when: 'no key is accepted',
    fault: {
      error: denied,
      phase: 'authenticating',
      login: { ...noAttempts, offered: ['/k'], methodsLeft: ['publickey'] },
    },
    code: 'ssh/auth-failed',
    says: 'Permission denied (publickey)',
  },
  {
    when: 'no key is accepted and one was locked',
    fault: {
      error: denied,
      phase: 'authenticating',
      login: { ...noAttempts, skipped: [new SshFailure('ssh/key-passphrase-required', at)] },
    },
    code: 'ssh/key-passphrase-required',
  },
  {
    when: 'the agent was the only way and is gone',
    fault: {
      error: denied,
      phase: 'authenticating',
      login: { ...noAttempts, offered: ['ssh-agent'], agentFault: 'Failed to connect to agent' },
    },
    code: 'ssh/no-identity',
    says: 'Failed to connect to agent',
  },
  {
    when: 'the agent has too many keys',
    fault: {
      error: error('Too many authentication failures', { code: 2 }),
      phase: 'authenticating',
    },
    code: 'ssh/auth-failed',
    says: 'too many',
  },
  {
    when: 'the server is full',
    fault: { error: error('Too many connections', { code: 12 }), phase: 'authenticating' },
    code: 'ssh/session-limit',
  },
  {
    when: 'answers stop coming',
    fault: { error: error('Keepalive timeout', { level: 'client-timeout' }), phase: 'ready' },
    code: 'ssh/connection-lost',
    says: 'Keepalive timeout',
  },
  {
    when: 'the link is reset in the middle of work',
    fault: {
      error: error('read ECONNRESET', { level: 'client-socket', code: 'ECONNRESET' }),
      phase: 'ready',
    },
    code: 'ssh/connection-lost',
  },
  {
    when: 'the other side just closes',
    fault: { error: null, phase: 'ready' },
    code: 'ssh/connection-lost',
  },
];

describe('The meaning of an SSH error', () => {
  it.each(cases)('is $code when $when', ({ fault, code, says = '' }) => {
    const failure = classifySshError(at, fault);
    expect(failure.code).toBe(code);
    if (!fault.login?.skipped.length)
      expect(failure.message).toContain('devbox (alice@10.0.0.7:2222): ');
    expect(failure.message).toContain(says);
    expect(failure.hint).toBeTruthy();
  });

  it('lets only faults that heal by themselves be tried again', () => {
    const transient = cases
      .filter(({ fault }) => isTransient(classifySshError(at, fault)))
      .map(({ code }) => code);
    expect(new Set(transient)).toEqual(
      new Set([
        'ssh/refused',
        'ssh/unresolved',
        'ssh/no-route',
        'ssh/timeout',
        'ssh/session-limit',
        'ssh/connection-lost',
      ]),
    );
  });

  it('gives the remedies of the troubleshooting table', () => {
    expect(new SshFailure('ssh/auth-failed', at).hint).toContain('authorized_keys');
    expect(new SshFailure('ssh/host-key-unknown', at).hint).toContain(
      'ssh-keyscan -p 2222 10.0.0.7 >> ~/.ssh/known_hosts',
    );
    expect(new SshFailure('ssh/key-passphrase-required', at).hint).toContain(
      'ssh-add ~/.ssh/your_key',
    );
    expect(new SshFailure('ssh/refused', at).hint).toContain(
      'Verify SSH server is running on the remote host',
    );
    expect(new SshFailure('ssh/timeout', at)).toMatchObject({
      status: 504,
      hint: expect.stringContaining('firewall rules'),
    });
  });
});
