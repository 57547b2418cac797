import { matchesList, matchesPattern } from './patterns.js';

export type AlgorithmKind = 'cipher' | 'mac' | 'kex' | 'key';

/** What current versions of OpenSSH use by default, and what else they know. */
const NAMES: Record<AlgorithmKind, { byDefault: readonly string[]; others: readonly string[] }> = {
  cipher: {
    byDefault: [
      'chacha20-poly1305@openssh.com',
      'aes128-gcm@openssh.com',
      'aes256-gcm@openssh.com',
      'aes128-ctr',
      'aes192-ctr',
      'aes256-ctr',
    ],
    others: ['3des-cbc', 'aes128-cbc', 'aes192-cbc', 'aes256-cbc', 'rijndael-cbc@lysator.liu.se'],
  },
  mac: {
    byDefault: [
      'umac-64-etm@openssh.com',
      'umac-128-etm@openssh.com',
      'hmac-sha2-256-etm@openssh.com',
      'hmac-sha2-512-etm@openssh.com',
      'hmac-sha1-etm@openssh.com',
      'umac-64@openssh.com',
      'umac-128@openssh.com',
      'hmac-sha2-256',
      'hmac-sha2-512',
      'hmac-sha1',
    ],
    others: [
      'hmac-sha1-96',
      'hmac-md5',
      'hmac-md5-96',
      'hmac-sha1-96-etm@openssh.com',
      'hmac-md5-etm@openssh.com',
      'hmac-md5-96-etm@openssh.com',
    ],
  },
  kex: {
    byDefault: [
      'mlkem768x25519-sha256',
      'sntrup761x25519-sha512',
      'sntrup761x25519-sha512@openssh.com',
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'ecdh-sha2-nistp521',
      'diffie-hellman-group-exchange-sha256',
      'diffie-hellman-group16-sha512',
      'diffie-hellman-group18-sha512',
      'diffie-hellman-group14-sha256',
    ],
    others: [
      'diffie-hellman-group1-sha1',
      'diffie-hellman-group14-sha1',
      'diffie-hellman-group-exchange-sha1',
    ],
  },
  key: {
    byDefault: [
      'ssh-ed25519-cert-v01@openssh.com',
      'ecdsa-sha2-nistp256-cert-v01@openssh.com',
      'ecdsa-sha2-nistp384-cert-v01@openssh.com',
      'ecdsa-sha2-nistp521-cert-v01@openssh.com',
      'sk-ssh-ed25519-cert-v01@openssh.com',
      'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com',
      'rsa-sha2-512-cert-v01@openssh.com',
      'rsa-sha2-256-cert-v01@openssh.com',
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'sk-ssh-ed25519@openssh.com',
      'sk-ecdsa-sha2-nistp256@openssh.com',
      'rsa-sha2-512',
      'rsa-sha2-256',
    ],
    others: [
      'webauthn-sk-ecdsa-sha2-nistp256@openssh.com',
      'ssh-rsa',
      'ssh-rsa-cert-v01@openssh.com',
      'ssh-dss',
      'ssh-dss-cert-v01@openssh.com',
    ],
  },
};

/** Are these names known? Types of keys may also be patterns. What is taken away need not be known. */
export const areAlgorithms = (kind: AlgorithmKind, list: string): boolean => {
  if (list.startsWith('-')) return true;
  const all = allOf(kind);
  return list
    .replace(/^[+^]/, '')
    .split(',')
    .every((name) =>
      kind === 'key' ? all.some((known) => matchesPattern(known, name)) : all.includes(name),
    );
};

/** A list with `+`, `-` or `^` in front counts from the defaults; without a list, it is the defaults. */
export const assembleAlgorithms = (kind: AlgorithmKind, list: string | undefined): string => {
  const { byDefault } = NAMES[kind];
  if (list === undefined) return byDefault.join(',');
  const names = list.replace(/^[+^-]/, '');
  if (list.startsWith('-')) return byDefault.filter((name) => !matchesList(name, names)).join(',');
  const patterns = names.split(',');
  if (list.startsWith('+')) patterns.unshift(...byDefault);
  if (list.startsWith('^')) patterns.push(...byDefault);
  const all = allOf(kind);
  const chosen = patterns.flatMap((pattern) => all.filter((name) => matchesPattern(name, pattern)));
  return [...new Set(chosen)].join(',');
};

const allOf = (kind: AlgorithmKind): string[] => {
  const all = [...NAMES[kind].byDefault, ...NAMES[kind].others];
  return kind === 'key' ? all.sort((one, other) => familyOf(one) - familyOf(other)) : all;
};

/** The order in which a pattern finds types of keys: by family, and in each the plain ones first. */
const familyOf = (type: string): number => {
  const plain = type.replace('-cert-v01', '').replace('@openssh.com', '');
  const family = FAMILIES.indexOf(plain);
  return (
    2 * (family < 0 ? FAMILIES.length : family) +
    (plain === type.replace('@openssh.com', '') ? 0 : 1)
  );
};
const FAMILIES = [
  ...['ssh-ed25519', 'sk-ssh-ed25519'],
  ...['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ...['sk-ecdsa-sha2-nistp256', 'webauthn-sk-ecdsa-sha2-nistp256'],
  ...['ssh-dss', 'ssh-rsa', 'rsa-sha2-256', 'rsa-sha2-512'],
];
