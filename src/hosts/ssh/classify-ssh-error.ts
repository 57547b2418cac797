import { type HostLabel, SshFailure } from './errors.js';
import { type HostKeyRefusal } from './ssh-target.js';

/** How far a connection had come when it failed. */
export type ConnectPhase =
  | 'resolving'
  | 'connecting'
  /** Connected; the server has not introduced itself yet. */
  | 'greeting'
  | 'negotiating'
  | 'authenticating'
  | 'ready';

export interface SshFault {
  /** The first error; later ones are echoes of it. Null when the other side just closed. */
  error: (Error & { level?: string; code?: string | number }) | null;
  phase: ConnectPhase;
  /** What the server wrote before (or instead of) its SSH identification. */
  greeting?: string;
  refusal?: HostKeyRefusal | null;
  login?: LoginAttempts;
}

export interface LoginAttempts {
  /** Identities offered to the server, as a person knows them: paths, `sealed key`, `ssh-agent`. */
  offered: readonly string[];
  /** Methods that the server would still take. */
  methodsLeft: readonly string[];
  /** Keys left out because they could not be read. */
  skipped: readonly SshFailure[];
  /** Why the agent could not help, if it could not. */
  agentFault: string | null;
}

const UNREACHABLE = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'EINVAL',
]);
/** Reason codes of SSH_MSG_DISCONNECT (RFC 4253, 11.1). */
const DISCONNECT_TOO_MANY_CONNECTIONS = 12;
const DISCONNECT_NO_MORE_AUTH_METHODS = 14;
/** OpenSSH says so, with a code that it also uses for protocol errors. */
const TOO_MANY_FAILURES = 'Too many authentication failures';

/** One place that knows what the errors of ssh2 and of the socket mean. */
export const classifySshError = (at: HostLabel, fault: SshFault): SshFailure => {
  const { error, phase, refusal } = fault;
  if (refusal) {
    return new SshFailure(refusal.code, at, {
      ...(refusal.detail === undefined ? {} : { detail: refusal.detail }),
    });
  }
  const because = error === null ? {} : { cause: error };
  if (phase === 'ready') {
    return new SshFailure('ssh/connection-lost', at, {
      detail: error?.message ?? 'closed by the remote host',
      ...because,
    });
  }
  if (error === null) return dropped(at, fault);

  if (error.level === 'client-authentication') return loginFailure(at, fault);
  if (error.message.includes(TOO_MANY_FAILURES) || error.code === DISCONNECT_NO_MORE_AUTH_METHODS) {
    return new SshFailure('ssh/auth-failed', at, {
      detail: 'too many authentication failures',
      hint: 'The server gave up before the right key was offered: give the remote one private key instead of an agent with many.',
      ...because,
    });
  }
  if (error.code === DISCONNECT_TOO_MANY_CONNECTIONS)
    return new SshFailure('ssh/session-limit', at, because);
  if (error.level === 'client-timeout') return timedOut(at, fault);
  if (error.level === 'client-dns' || error.code === 'ENOTFOUND' || isResolverCode(error.code)) {
    return new SshFailure('ssh/unresolved', at, because);
  }
  if (error.level === 'handshake') {
    return error.message.includes('Host denied')
      ? new SshFailure('ssh/host-key-unknown', at, because)
      : new SshFailure('ssh/unsupported', at, { detail: error.message, ...because });
  }
  if (/Invalid identification string|Bad packet length|Protocol error/i.test(error.message)) {
    return new SshFailure('ssh/unsupported', at, {
      detail: `not a usable SSH server: ${error.message}`,
      ...because,
    });
  }
  if (phase === 'resolving' || phase === 'connecting') return unreachable(at, error);
  return dropped(at, fault);
};

const isResolverCode = (code: string | number | undefined): boolean =>
  typeof code === 'string' && code.startsWith('EAI_');

const unreachable = (at: HostLabel, error: NonNullable<SshFault['error']>): SshFailure => {
  const because = { cause: error };
  if (error.code === 'ECONNREFUSED') return new SshFailure('ssh/refused', at, because);
  if (error.code === 'ETIMEDOUT') return new SshFailure('ssh/timeout', at, because);
  if (typeof error.code === 'string' && UNREACHABLE.has(error.code)) {
    return new SshFailure('ssh/no-route', at, { detail: error.code, ...because });
  }
  return new SshFailure('ssh/connection-lost', at, {
    detail: String(error.code ?? error.message),
    ...because,
  });
};

const WAITED_FOR: Record<Exclude<ConnectPhase, 'ready'>, string> = {
  resolving: 'while resolving the name',
  connecting: 'no answer from the address',
  greeting: 'connected, but no SSH server answered',
  negotiating: 'the SSH server stalled during key exchange',
  authenticating: 'the SSH server stalled during login',
};

const timedOut = (at: HostLabel, { error, phase }: SshFault): SshFailure =>
  new SshFailure('ssh/timeout', at, {
    ...(phase === 'ready' ? {} : { detail: WAITED_FOR[phase] }),
    cause: error,
  });

const loginFailure = (at: HostLabel, { error, login }: SshFault): SshFailure => {
  const [unread] = login?.skipped ?? [];
  if (unread) return unread;
  const offered = login?.offered ?? [];
  const agentFault = login?.agentFault ?? null;
  if (agentFault !== null && offered.every((identity) => identity === 'ssh-agent')) {
    return new SshFailure('ssh/no-identity', at, {
      detail: `ssh-agent: ${agentFault}`,
      cause: error,
    });
  }
  const methods = login?.methodsLeft ?? [];
  const facts = [
    offered.length === 0 ? '' : `offered ${offered.join(', ')}`,
    methods.length === 0 ? '' : `the server takes ${methods.join(', ')}`,
    agentFault === null ? '' : `ssh-agent: ${agentFault}`,
  ].filter((fact) => fact !== '');
  return new SshFailure('ssh/auth-failed', at, {
    ...(facts.length === 0 ? {} : { detail: facts.join('; ') }),
    cause: error,
  });
};

/** The server hung up in the middle of the handshake: what it said before tells why, if it said anything. */
const dropped = (at: HostLabel, { error, phase, greeting = '' }: SshFault): SshFailure => {
  const because = error === null ? {} : { cause: error };
  const [line = ''] = greeting.trim().split(/[\r\n]/);
  if (/MaxStartups|Not allowed at this time|too many/i.test(line)) {
    return new SshFailure('ssh/session-limit', at, { detail: line, ...because });
  }
  if (line.startsWith('HTTP/')) {
    return new SshFailure('ssh/unsupported', at, {
      detail: 'a web server answered instead of an SSH server',
      hint: 'Correct the host name or the port.',
      ...because,
    });
  }
  const during =
    phase === 'greeting' ? 'closed before the SSH server answered' : `closed while ${phase}`;
  return new SshFailure('ssh/connection-lost', at, {
    detail:
      line === '' || line.startsWith('SSH-') ? during : `${during}, saying "${line.slice(0, 120)}"`,
    ...because,
  });
};
