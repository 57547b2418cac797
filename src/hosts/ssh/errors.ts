import { DomainError } from '../../platform/errors/domain-error.js';

export type SshErrorCode =
  | 'ssh/auth-failed'
  | 'ssh/host-key-unknown'
  | 'ssh/host-key-changed'
  | 'ssh/host-key-revoked'
  | 'ssh/key-passphrase-required'
  | 'ssh/key-not-found'
  | 'ssh/key-permissions'
  | 'ssh/no-identity'
  | 'ssh/refused'
  | 'ssh/timeout'
  | 'ssh/unresolved'
  | 'ssh/no-route'
  | 'ssh/connection-lost'
  | 'ssh/session-limit'
  | 'ssh/unsupported';

/** How an error names the host: `devbox (alice@10.0.0.7:22)`. */
export interface HostLabel {
  /** What a person calls it. */
  name: string;
  host: string;
  port?: number;
  username?: string;
}

interface Fault {
  status: 502 | 504;
  says: string;
  remedy: (at: HostLabel) => string;
}

const FAULTS: Record<SshErrorCode, Fault> = {
  'ssh/auth-failed': {
    status: 502,
    says: 'Permission denied (publickey)',
    remedy: () =>
      "Ensure your SSH key is added to the remote's `~/.ssh/authorized_keys`, and that the user name is right.",
  },
  'ssh/host-key-unknown': {
    status: 502,
    says: 'Host key verification failed: the host key is not known',
    remedy: ({ host, port }) =>
      'Compare the fingerprint with one you trust and accept it for this remote, or add the host to known_hosts: ' +
      `\`ssh-keyscan ${port === undefined || port === 22 ? '' : `-p ${String(port)} `}${host} >> ~/.ssh/known_hosts\`.`,
  },
  'ssh/host-key-changed': {
    status: 502,
    says: 'Host key verification failed: the host key has changed',
    remedy: () =>
      'Someone may be listening in, or the machine was reinstalled. Ask its administrator, then accept the new fingerprint for this remote.',
  },
  'ssh/host-key-revoked': {
    status: 502,
    says: 'Host key verification failed: the host key is revoked',
    remedy: () =>
      'Whoever shows this key may not be the host. Give the host a new key; if the revocation is a mistake, remove its line.',
  },
  'ssh/key-passphrase-required': {
    status: 502,
    says: 'Enter passphrase for key',
    remedy: () =>
      'Use a key without a passphrase, give the passphrase, or add the key to ssh-agent: `ssh-add ~/.ssh/your_key`.',
  },
  'ssh/key-not-found': {
    status: 502,
    says: 'The private key file does not exist',
    remedy: () =>
      'Correct the path of the private key; it is read on the machine that the server runs on.',
  },
  'ssh/key-permissions': {
    status: 502,
    says: 'The permissions of the private key file are not right',
    remedy: () =>
      'The key must be readable by the user of the server and by nobody else: `chmod 600 ~/.ssh/your_key`.',
  },
  'ssh/no-identity': {
    status: 502,
    says: 'There is no private key to log in with',
    remedy: () =>
      'Give the remote a private key, or add one to ssh-agent: `ssh-add ~/.ssh/your_key`.',
  },
  'ssh/refused': {
    status: 502,
    says: 'Connection refused',
    remedy: () => 'Verify SSH server is running on the remote host, and that the port is right.',
  },
  'ssh/timeout': {
    status: 504,
    says: 'Connection timed out',
    remedy: () => 'Check network connectivity and firewall rules.',
  },
  'ssh/unresolved': {
    status: 502,
    says: 'Could not resolve hostname',
    remedy: () => 'Verify the hostname/IP is correct.',
  },
  'ssh/no-route': {
    status: 502,
    says: 'No route to host',
    remedy: () => 'Check network path to the remote host.',
  },
  'ssh/connection-lost': {
    status: 502,
    says: 'The connection was lost',
    remedy: () =>
      'It is made again by itself when it is needed. Work that runs on the host goes on meanwhile.',
  },
  'ssh/session-limit': {
    status: 502,
    says: 'The SSH server takes no more sessions now',
    remedy: () =>
      'It is tried again by itself. If it stays so, raise MaxSessions and MaxStartups in sshd_config of the remote host.',
  },
  'ssh/unsupported': {
    status: 502,
    says: 'The host asks for something this server cannot do',
    remedy: () => 'Change the SSH settings of the remote, or the ssh config of the server user.',
  },
};

export interface SshFailureOptions extends ErrorOptions {
  /** The facts of this case, appended to the message. */
  detail?: string;
  /** A better remedy than the usual one of the code. */
  hint?: string;
}

/** The way to a host failed. Which of these heal by themselves: `isTransient`. */
export class SshFailure extends DomainError {
  readonly status: number;

  constructor(
    readonly code: SshErrorCode,
    at: HostLabel,
    { detail, hint, cause }: SshFailureOptions = {},
  ) {
    const { says, remedy, status } = FAULTS[code];
    super(`${labelOf(at)}: ${says}${detail === undefined ? '' : ` (${detail})`}`, {
      hint: hint ?? remedy(at),
      ...(cause === undefined ? {} : { cause }),
    });
    this.status = status;
  }
}

const labelOf = ({ name, host, port, username }: HostLabel): string => {
  const address = `${username === undefined ? '' : `${username}@`}${host}${port === undefined ? '' : `:${String(port)}`}`;
  return address === name ? name : `${name} (${address})`;
};
