import { classifySshError, type SshFault } from '../classify-ssh-error.js';
import { type HostLabel, SshFailure } from '../errors.js';
import { codeOf, forwardFailure } from '../route-faults.js';
import { type HostKeyRefusal, type SshTarget } from '../ssh-target.js';
import { type LoginTranscript } from './login-transcript.js';

/** The words of the C library, and the codes that node has for them. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  'Connection refused': 'ECONNREFUSED',
  'Connection timed out': 'ETIMEDOUT',
  'Operation timed out': 'ETIMEDOUT',
  'No route to host': 'EHOSTUNREACH',
  'Host is down': 'EHOSTDOWN',
  'Network is unreachable': 'ENETUNREACH',
  'Network is down': 'ENETDOWN',
  'Cannot assign requested address': 'EADDRNOTAVAIL',
  "Can't assign requested address": 'EADDRNOTAVAIL',
  'Permission denied': 'EACCES',
  'Operation not permitted': 'EPERM',
  'Invalid argument': 'EINVAL',
};

export interface FailedLogin {
  /** All hosts of the way, the nearest first. */
  hosts: readonly [...HostLabel[], SshTarget];
  transcript: LoginTranscript;
  refusal: HostKeyRefusal | null;
  isTimeout: boolean;
}

type Reading = (login: FailedLogin, at: HostLabel, found: string[]) => SshFailure;

/** In this order: what comes first explains what follows it. */
const READINGS: readonly [sign: RegExp, reading: Reading][] = [
  [
    /^channel \d+: open failed: (.*)/,
    ({ hosts, transcript }, at, [, words = '']) => {
      const hop = hosts[transcript.hostsPassed - 1] ?? at;
      const reason = words.startsWith('administratively prohibited') ? 1 : 2;
      const error = Object.assign(new Error(words.replace(/^connect failed: /, '')), { reason });
      return forwardFailure(hop, { ...at, port: at.port ?? 22 }, error);
    },
  ],
  [
    /^ssh: connect to host .*? port \d+: (.*)/,
    (login, at, [, words = '']) => fromFault(login, at, systemError(words), 'connecting'),
  ],
  [
    /^ssh: Could not resolve hostname .*/,
    (login, at, [words = '']) =>
      fromFault(login, at, Object.assign(new Error(words), { code: 'ENOTFOUND' }), 'resolving'),
  ],
  [
    /^Connection timed out during banner exchange/,
    (login, at, [words = '']) => fromFault(login, at, timeout(words), 'greeting'),
  ],
  [
    /Too many authentication failures/,
    (login, at, [words = '']) => fromFault(login, at, new Error(words)),
  ],
  [
    /^Unable to negotiate with .*?: (no matching .*)/,
    (login, at, [, words = '']) =>
      fromFault(login, at, Object.assign(new Error(words), { level: 'handshake' })),
  ],
  [/^Host key verification failed/, (login, at) => unverified(login, at)],
  [/Permission denied \((.*)\)/, (login, at, [words = '']) => loginFailure(login, at, words)],
  [
    /^(?:Protocol major versions differ|Bad packet length|ssh_dispatch_run_fatal: .*|Bad remote protocol).*/,
    (login, at, [words = '']) => fromFault(login, at, new Error(`Protocol error: ${words}`)),
  ],
  [
    /^.*(?:Bad configuration option|bad configuration options|Bad owner or permissions on|line \d+: ).*/,
    (_login, at, [words = '']) =>
      new SshFailure('ssh/unsupported', at, {
        detail: `ssh config: ${words}`,
        hint: 'Correct the ssh config of the server user: `ssh HOST` shows the same error.',
      }),
  ],
];

/** Why the system's `ssh` did not log in: the same codes and remedies as for ssh2, which has its errors in objects. */
export const classifyOpenssh = (login: FailedLogin): SshFailure => {
  const { hosts, transcript, refusal, isTimeout } = login;
  const at = hosts[Math.min(transcript.hostsPassed, hosts.length - 1)] ?? hosts[0];
  if (refusal) return fromFault(login, at, null);
  for (const [sign, reading] of READINGS) {
    for (const words of transcript.words) {
      const found = sign.exec(words);
      if (found) return reading(login, at, [...found]);
    }
  }
  if (isTimeout) return fromFault(login, at, timeout('Timed out'));
  const { lastWords: detail } = transcript;
  return detail === undefined
    ? fromFault(login, at, null)
    : new SshFailure(codeOf(detail), at, { detail });
};

const fromFault = (
  { transcript, refusal }: FailedLogin,
  at: HostLabel,
  error: SshFault['error'],
  phase = transcript.phase,
): SshFailure =>
  classifySshError(at, {
    error,
    phase,
    refusal,
    greeting: transcript.greeting,
    login: transcript.attempts,
  });

const timeout = (words: string): Error =>
  Object.assign(new Error(words), { level: 'client-timeout' });

const systemError = (words: string): Error => {
  const error = new Error(words);
  const code = SYSTEM_ERRORS[words] ?? words;
  return code === 'ETIMEDOUT' ? timeout(words) : Object.assign(error, { code });
};

/** `ssh` refuses what the verifier has let pass, or was not even asked about. */
const unverified = ({ transcript }: FailedLogin, at: HostLabel): SshFailure => {
  const said = transcript.words.find((words) => /^Certificate invalid|revoked/i.test(words));
  return new SshFailure('ssh/host-key-unknown', at, said === undefined ? {} : { detail: said });
};

const loginFailure = (login: FailedLogin, at: HostLabel, words: string): SshFailure => {
  const { transcript } = login;
  const { offered, methodsLeft } = transcript.attempts;
  const signing = transcript.words
    .map((said) => /^sign_and_send_pubkey: signing failed for (.*)$/.exec(said)?.[1])
    .find((said) => said !== undefined);
  if (signing !== undefined) {
    return new SshFailure('ssh/auth-failed', at, {
      detail: `the server accepts the key, but it does not sign: ${signing}`,
      hint: 'Plug the security key into the machine that the server runs on, unlock the agent, and confirm when it asks for it.',
    });
  }
  if (transcript.acceptedIdentity !== null) {
    return new SshFailure('ssh/key-passphrase-required', at, {
      detail: transcript.acceptedIdentity,
    });
  }
  if (offered.length > 0) {
    return fromFault(
      login,
      at,
      Object.assign(new Error(words), { level: 'client-authentication' }),
    );
  }
  return withoutIdentity(transcript, at, methodsLeft);
};

const withoutIdentity = (
  { words }: LoginTranscript,
  at: HostLabel,
  methodsLeft: readonly string[],
): SshFailure => {
  for (const said of words) {
    const [, path, fault = ''] = /^Load key "(.*)": (.*)$/.exec(said) ?? [];
    if (path === undefined) continue;
    return fault === 'bad permissions'
      ? new SshFailure('ssh/key-permissions', at, { detail: path })
      : new SshFailure('ssh/unsupported', at, {
          detail: `private key ${path}: ${fault}`,
          hint: 'Use a private key that `ssh` can read.',
        });
  }
  const [, missing] =
    words.map((said) => /Identity file (.*) not accessible/.exec(said)).find(Boolean) ?? [];
  if (missing !== undefined) return new SshFailure('ssh/key-not-found', at, { detail: missing });
  return new SshFailure('ssh/no-identity', at, {
    detail: `the server takes ${methodsLeft.join(', ')}`,
  });
};
