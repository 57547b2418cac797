import { DomainError, type DomainErrorOptions } from '../platform/errors/domain-error.js';

export type HostErrorCode =
  | 'host/cwd-missing'
  | 'host/disk-full'
  | 'host/not-writable'
  | 'host/command-not-found'
  | 'host/file-not-found'
  | 'host/file-changed'
  | 'host/not-a-file'
  | 'host/not-a-directory'
  | 'host/permission-denied'
  | 'host/output-too-large'
  | 'host/timeout'
  | 'host/unsuitable'
  | 'host/protocol';

const STATUS: Record<HostErrorCode, number> = {
  'host/cwd-missing': 422,
  'host/disk-full': 507,
  'host/not-writable': 502,
  'host/command-not-found': 502,
  'host/file-not-found': 404,
  'host/file-changed': 412,
  'host/not-a-file': 409,
  'host/not-a-directory': 409,
  'host/permission-denied': 403,
  'host/output-too-large': 502,
  'host/timeout': 504,
  'host/unsuitable': 502,
  'host/protocol': 502,
};

/** What a host itself answered; the way to the host fails with the `ssh/*` errors of `hosts/ssh`. */
export class HostFailure extends DomainError {
  readonly status: number;

  constructor(
    readonly code: HostErrorCode,
    message: string,
    options?: DomainErrorOptions,
  ) {
    super(message, options);
    this.status = STATUS[code];
  }
}
