import { DomainError } from '../../platform/errors/index.js';

export class RemoteNotFound extends DomainError {
  readonly code = 'remotes/not-found';
  readonly status: number;

  /** @param pointer where a request body names the remote; the request is then wrong, not the path. */
  constructor(id: string, pointer?: string) {
    const message = `No remote has the id ${id}`;
    super(message, pointer === undefined ? {} : { errors: [{ pointer, detail: message }] });
    this.status = pointer === undefined ? 404 : 422;
  }
}

export class RemoteDisabled extends DomainError {
  readonly code = 'remotes/disabled';
  readonly status = 409;

  constructor(name: string) {
    super(`The remote ${name} is disabled`, {
      hint: 'Enable it, or choose another host for the session. Its work never runs elsewhere.',
    });
  }
}

export class RemoteInUse extends DomainError {
  readonly code = 'remotes/in-use';
  readonly status = 409;

  constructor(name: string) {
    super(`The remote ${name} is used by sessions`, {
      hint: 'Delete those sessions or give them another host first, or disable the remote.',
    });
  }
}

export class RemoteNameTaken extends DomainError {
  readonly code = 'remotes/name-taken';
  readonly status = 409;

  constructor(name: string) {
    super(`Another remote is called ${name}`, {
      errors: [{ pointer: '/name', detail: 'Must be unique, whatever the case of its letters' }],
    });
  }
}

export class TwoPrivateKeys extends DomainError {
  readonly code = 'remotes/two-private-keys';
  readonly status = 422;

  constructor() {
    const detail = 'Give the private key or its path, not both';
    super(detail, {
      hint: 'Set the one that is no longer wanted to null in the same patch.',
      errors: [{ pointer: '/privateKey', detail }],
    });
  }
}

export class HostKeyNotOffered extends DomainError {
  readonly code = 'remotes/host-key-not-offered';
  readonly status = 409;

  constructor(name: string, fingerprint: string) {
    super(`${name} has not offered the host key ${fingerprint}`, {
      hint: 'Read the offered key again; it must be the one that you compared.',
    });
  }
}

export class NoKnownHost extends DomainError {
  readonly code = 'remotes/no-known-host';
  readonly status = 422;

  /** @param names under which the remote and the hosts on the way are looked for. */
  constructor(names: readonly string[]) {
    const detail = `No line of a known_hosts file is about ${names.join(' or ')}`;
    super(detail, {
      hint: 'Give the lines that `ssh-keyscan` prints for exactly this host and port, or a known_hosts file that has them.',
      errors: [{ pointer: '/knownHosts', detail }],
    });
  }
}
