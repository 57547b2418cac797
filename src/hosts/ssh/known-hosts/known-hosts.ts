import { createHmac, timingSafeEqual } from 'node:crypto';
import { publicKeyOf } from '../public-key.js';
import { type PublicKey } from '../ssh-target.js';

/** One line that says something about a host. */
export interface KnownHost {
  /** An authority whose certificates count, a key that must not be accepted, or simply the key of the host. */
  marker: 'cert-authority' | 'revoked' | null;
  key: PublicKey;
  /** Where it stands, for a message: `/home/ada/.ssh/known_hosts:3`. */
  at: string;
}

interface KnownHostLine extends KnownHost {
  isFor: (name: string) => boolean;
}

const BLANK_OR_COMMENT = /^\s*(#|$)/;
const LINE = /^[ \t]*(?:(@[^ \t]*)[ \t]+)?([^ \t@][^ \t]*)[ \t]+([^ \t]+)[ \t]+([^ \t]+)/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** The keys of hosts in the format of OpenSSH, matched as `ssh-keygen -F` does. */
export class KnownHosts {
  /**
   * @param lines in the order in which they were read
   * @param unreadable so many lines are neither blank nor a comment and say nothing: ignored, as OpenSSH does
   */
  private constructor(
    private readonly lines: readonly KnownHostLine[],
    readonly unreadable: number,
  ) {}

  /** @param source names the text in the `at` of its entries. */
  static parse(text: string, source: string): KnownHosts {
    const lines: KnownHostLine[] = [];
    let unreadable = 0;
    for (const [index, content] of text.split(/\r?\n/).entries()) {
      if (BLANK_OR_COMMENT.test(content)) continue;
      const line = parseLine(content, `${source}:${String(index + 1)}`);
      if (line) lines.push(line);
      else unreadable += 1;
    }
    return new KnownHosts(lines, unreadable);
  }

  static all(parts: readonly KnownHosts[]): KnownHosts {
    return new KnownHosts(
      parts.flatMap(({ lines }) => lines),
      parts.reduce((sum, { unreadable }) => sum + unreadable, 0),
    );
  }

  /** Lines that could be read. */
  get size(): number {
    return this.lines.length;
  }

  /** What is said about a host under any of these names (`knownHostNames`), in the order of the lines. */
  of(...names: readonly string[]): KnownHost[] {
    return this.lines
      .filter(({ isFor }) => names.some(isFor))
      .map(({ marker, key, at }) => ({ marker, key, at }));
  }
}

const parseLine = (content: string, at: string): KnownHostLine | null => {
  const [, mark, hosts, type, base64] = LINE.exec(content) ?? [];
  if (hosts === undefined || type === undefined || base64 === undefined) return null;
  const marker = markerOf(mark);
  const key = keyOf(type, base64);
  const isFor = hosts.startsWith('|') ? hashed(hosts) : listed(hosts);
  return marker === undefined || !key || !isFor ? null : { marker, key, at, isFor };
};

const markerOf = (mark: string | undefined): KnownHost['marker'] | undefined => {
  if (mark === undefined) return null;
  if (mark === '@cert-authority') return 'cert-authority';
  return mark === '@revoked' ? 'revoked' : undefined;
};

/** So many fields the wire format of a type has, its name included. */
const FIELDS: Readonly<Record<string, number>> = {
  'ssh-ed25519': 2,
  'ssh-rsa': 3,
  'ssh-dss': 5,
  'ecdsa-sha2-nistp256': 3,
  'ecdsa-sha2-nistp384': 3,
  'ecdsa-sha2-nistp521': 3,
  'sk-ssh-ed25519@openssh.com': 3,
  'sk-ecdsa-sha2-nistp256@openssh.com': 4,
};

/** Half a key would look like another key than the one that the host shows: it is no key. */
const keyOf = (type: string, base64: string): PublicKey | null => {
  if (!BASE64.test(base64) || base64.length % 4 !== 0) return null;
  const blob = Buffer.from(base64, 'base64');
  const fields = FIELDS[type];
  if (fields === undefined || fieldsIn(blob) !== fields) return null;
  const key = publicKeyOf(blob);
  return key.type === type ? key : null;
};

const fieldsIn = (blob: Buffer): number | null => {
  let fields = 0;
  let at = 0;
  while (at + 4 <= blob.length) {
    at += 4 + blob.readUInt32BE(at);
    fields += 1;
  }
  return at === blob.length ? fields : null;
};

/** `|1|salt|hash`: the name is not told, only recognised. */
const hashed = (hosts: string): KnownHostLine['isFor'] | null => {
  const [, salt, hash] = /^\|1\|([A-Za-z0-9+/]{27}=)\|([A-Za-z0-9+/]{27}=)$/.exec(hosts) ?? [];
  if (salt === undefined || hash === undefined) return null;
  const key = Buffer.from(salt, 'base64');
  const expected = Buffer.from(hash, 'base64');
  return (name) => timingSafeEqual(createHmac('sha1', key).update(name).digest(), expected);
};

/** A comma list of patterns, where one `!pattern` that matches outweighs all others. */
const listed = (hosts: string): KnownHostLine['isFor'] => {
  const patterns = hosts.split(',').map((pattern) => {
    const isNegated = pattern.startsWith('!');
    return { isNegated, matches: glob(asciiLower(isNegated ? pattern.slice(1) : pattern)) };
  });
  return (name) => {
    const lower = asciiLower(name);
    const matching = patterns.filter(({ matches }) => matches(lower));
    return matching.length > 0 && !matching.some(({ isNegated }) => isNegated);
  };
};

const asciiLower = (text: string): string => text.replace(/[A-Z]+/g, (part) => part.toLowerCase());

/**
 * `*` and `?` over a whole name. After the parts between stars are found one after the other, each as early as possible,
 * there is nothing to go back for: the time is bounded however many stars a line has.
 */
const glob = (pattern: string): ((name: string) => boolean) => {
  const [first = '', ...rest] = pattern.split(/\*+/);
  const last = rest.pop();
  if (last === undefined) return (name) => name.length === first.length && fits(first, name, 0);
  return (name) => {
    let at = first.length;
    const end = name.length - last.length;
    if (at > end || !fits(first, name, 0) || !fits(last, name, end)) return false;
    for (const part of rest) {
      while (at + part.length <= end && !fits(part, name, at)) at += 1;
      at += part.length;
      if (at > end) return false;
    }
    return true;
  };
};

const fits = (part: string, name: string, at: number): boolean => {
  for (let index = 0; index < part.length; index += 1) {
    if (part[index] !== '?' && part[index] !== name[at + index]) return false;
  }
  return true;
};
