import { type HostLabel, type SshErrorCode, SshFailure } from './errors.js';

const SIGNS: readonly [sign: RegExp, code: SshErrorCode][] = [
  [/connection refused/i, 'ssh/refused'],
  [
    /name or service not known|could not resolve|name resolution|no address associated|nodename nor/i,
    'ssh/unresolved',
  ],
  [/no route to host|unreachable/i, 'ssh/no-route'],
  [/timed out|timeout/i, 'ssh/timeout'],
  [/host identification has changed/i, 'ssh/host-key-changed'],
  [/host key verification failed/i, 'ssh/host-key-unknown'],
  [/permission denied \(|too many authentication failures/i, 'ssh/auth-failed'],
  [/: (?:command )?not found|no such file or directory/i, 'ssh/unsupported'],
];

/** What a program or a host on the way says when it cannot go on: in words only, those of the C library mostly. */
export const codeOf = (words: string): SshErrorCode =>
  SIGNS.find(([sign]) => sign.test(words))?.[1] ?? 'ssh/connection-lost';

/** Reason code of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254, 5.1). */
const ADMINISTRATIVELY_PROHIBITED = 1;

/** A host on the way did not connect to the next one. */
export const forwardFailure = (
  hop: HostLabel,
  next: HostLabel & { port: number },
  error: Error & { reason?: unknown },
): SshFailure => {
  if (error.reason === ADMINISTRATIVELY_PROHIBITED) {
    return new SshFailure('ssh/unsupported', hop, {
      detail: `it refuses to forward to ${next.host}:${String(next.port)}`,
      hint: 'Allow it in sshd_config of this jump host: AllowTcpForwarding, PermitOpen.',
      cause: error,
    });
  }
  const words = error.message.replace(/^\(SSH\) Channel open failure: /, '');
  return new SshFailure(codeOf(words), next, {
    detail: `${words}, says the jump host ${hop.host}`,
    cause: error,
  });
};

/** A `ProxyCommand` ended. `status` is its exit status or the signal that ended it. */
export const proxyCommandFailure = (
  at: HostLabel,
  status: string | number,
  stderr: string,
): SshFailure => {
  const words = stderr
    .trim()
    .split(/\s*[\r\n]+\s*/)
    .join('; ');
  return new SshFailure(codeOf(words), at, {
    detail: `ProxyCommand ended with ${String(status)}${words === '' ? '' : `: ${words}`}`,
  });
};
