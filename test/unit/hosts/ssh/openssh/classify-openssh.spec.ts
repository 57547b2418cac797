import { describe, expect, it } from '@jest/globals';
import { type SshFailure } from '../../../../../src/hosts/ssh/errors.js';
import { classifyOpenssh } from '../../../../../src/hosts/ssh/openssh/classify-openssh.js';
import { LoginTranscript } from '../../../../../src/hosts/ssh/openssh/login-transcript.js';
import { type SshTarget } from '../../../../../src/hosts/ssh/ssh-target.js';

const target: SshTarget = {
  id: '1',
  name: 'devbox',
  host: '10.0.0.7',
  port: 22,
  username: 'alice',
  privateKeys: [],
};
const hop: SshTarget = { ...target, name: 'devbox via bastion', host: '10.0.0.1', port: 2222 };

const failureOf = (
  lines: readonly string[],
  { isTimeout = false, hosts = [target] as readonly [...SshTarget[], SshTarget] } = {},
): SshFailure => {
  const transcript = new LoginTranscript();
  transcript.read('OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026');
  for (const line of lines) transcript.read(line);
  return classifyOpenssh({ hosts, transcript, refusal: null, isTimeout });
};
const CONNECTED = [
  'debug1: Connecting to 10.0.0.7 [10.0.0.7] port 22.',
  'debug1: Connection established.',
];
const OFFERED = 'debug1: Offering public key: /home/alice/my key ED25519 SHA256:abc explicit';
const ACCEPTED = 'debug1: Server accepts key: /home/alice/my key ED25519 SHA256:abc explicit';
const CONTINUE = 'debug1: Authentications that can continue: publickey,password';
const DENIED = 'alice@10.0.0.7: Permission denied (publickey,password).';

describe('What ssh says of a login that failed', () => {
  it.each([
    ['ssh: connect to host 10.0.0.7 port 22: Connection refused', 'ssh/refused'],
    ['ssh: connect to host 10.0.0.7 port 22: Connection timed out', 'ssh/timeout'],
    ['ssh: connect to host 10.0.0.7 port 22: No route to host', 'ssh/no-route'],
    ['ssh: connect to host 10.0.0.7 port 22: Network is unreachable', 'ssh/no-route'],
    // A route that is forbidden, in the words of a login that failed.
    ['ssh: connect to host 10.0.0.7 port 22: Permission denied', 'ssh/no-route'],
    ['ssh: Could not resolve hostname devbox: Name or service not known', 'ssh/unresolved'],
    [
      'ssh: Could not resolve hostname devbox: Temporary failure in name resolution',
      'ssh/unresolved',
    ],
    ['Connection timed out during banner exchange', 'ssh/timeout'],
    ['Host key verification failed.', 'ssh/host-key-unknown'],
    [
      'Unable to negotiate with 10.0.0.7 port 22: no matching key exchange method found. Their offer: x',
      'ssh/unsupported',
    ],
    ['Protocol major versions differ: 2 vs. 1', 'ssh/unsupported'],
    ['Bad packet length 4294967295.', 'ssh/unsupported'],
    [
      'Received disconnect from 10.0.0.7 port 22:2: Too many authentication failures',
      'ssh/auth-failed',
    ],
    ['/home/alice/.ssh/config: line 3: Bad configuration option: foobar', 'ssh/unsupported'],
    ['Bad owner or permissions on /home/alice/.ssh/config', 'ssh/unsupported'],
    ['kex_exchange_identification: Connection closed by remote host', 'ssh/connection-lost'],
  ])('%s', (line, code) => {
    expect(failureOf([...CONNECTED, line]).code).toBe(code);
  });

  it('names the key that was refused, and what the server takes', () => {
    const failure = failureOf([...CONNECTED, CONTINUE, OFFERED, CONTINUE, DENIED]);
    expect(failure.code).toBe('ssh/auth-failed');
    expect(failure.message).toContain(
      'offered /home/alice/my key; the server takes publickey, password',
    );
  });

  it('names the key that the server would have taken, had it been open', () => {
    const failure = failureOf([...CONNECTED, CONTINUE, OFFERED, ACCEPTED, DENIED]);
    expect(failure.code).toBe('ssh/key-passphrase-required');
    expect(failure.message).toContain('/home/alice/my key');
  });

  it('has no identity when none was offered, and says why', () => {
    const loads = (said: string): string => failureOf([...CONNECTED, CONTINUE, said, DENIED]).code;
    expect(loads('Load key "/k": bad permissions')).toBe('ssh/key-permissions');
    expect(loads('Load key "/k": error in libcrypto')).toBe('ssh/unsupported');
    expect(loads('Warning: Identity file /k not accessible: No such file or directory.')).toBe(
      'ssh/key-not-found',
    );
    expect(failureOf([...CONNECTED, CONTINUE, DENIED]).code).toBe('ssh/no-identity');
  });

  it('says how far it had come when the time was over', () => {
    const after = (...lines: string[]): string => failureOf(lines, { isTimeout: true }).message;
    expect(after()).toContain('resolving');
    expect(after(...CONNECTED.slice(0, 1))).toContain('no answer from the address');
    expect(after(...CONNECTED)).toContain('no SSH server answered');
    expect(
      after(...CONNECTED, 'debug1: Remote protocol version 2.0, remote software version x'),
    ).toContain('key exchange');
    expect(after(...CONNECTED, 'debug1: SSH2_MSG_SERVICE_ACCEPT received')).toContain('login');
  });

  it('is about the host that was being reached, of all on the way', () => {
    const hosts = [hop, target] as const;
    const passed = 'Authenticated to 10.0.0.1 ([10.0.0.1]:2222) using "publickey".';
    const first = failureOf([...CONNECTED, CONTINUE, OFFERED, CONTINUE, DENIED], { hosts });
    expect(first.message).toContain('devbox via bastion (alice@10.0.0.1:2222)');
    const second = failureOf([OFFERED, passed, CONTINUE, OFFERED, CONTINUE, DENIED], { hosts });
    expect(second.message).toContain('devbox (alice@10.0.0.7:22)');
    const third = failureOf(
      [
        passed,
        'channel 0: open failed: connect failed: Connection refused',
        'stdio forwarding failed',
      ],
      { hosts },
    );
    expect(third).toMatchObject({ code: 'ssh/refused' });
    expect(third.message).toContain('says the jump host 10.0.0.1');
    const fourth = failureOf(
      [passed, 'channel 0: open failed: administratively prohibited: open failed'],
      { hosts },
    );
    expect(fourth).toMatchObject({ code: 'ssh/unsupported' });
    expect(fourth.hint).toContain('AllowTcpForwarding');
  });
});
