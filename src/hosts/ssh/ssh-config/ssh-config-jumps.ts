import { type HostLabel, SshFailure } from '../errors.js';

/** One element of a `ProxyJump`. */
export interface JumpSpec {
  host: string;
  user?: string;
  port?: number;
}

const ELEMENT =
  /^(?:ssh:\/\/)?(?:(?<user>[^@]+)@)?(?:\[(?<bracketed>[^\]]+)\]|(?<host>[^:[\]/@]+))(?::(?<port>\d{1,5}))?\/?$/;

/** Reads `[user@]host[:port]`; null when it is something else. */
export const parseJump = (element: string): JumpSpec | null => {
  const { user, bracketed, host = bracketed, port } = ELEMENT.exec(element.trim())?.groups ?? {};
  if (host === undefined) return null;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return null;
  return {
    host,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
};

/** Reads `jump1,user@jump2:2200,[::1]:22`, the nearest first. */
export const parseProxyJump = (value: string, at: HostLabel): JumpSpec[] =>
  value.split(',').map((element) => {
    const jump = parseJump(element);
    if (jump !== null) return jump;
    throw new SshFailure('ssh/unsupported', at, {
      detail: `the ssh config says ProxyJump ${value}`,
      hint: 'Write it as [user@]host[:port], several of them with commas between.',
    });
  });
