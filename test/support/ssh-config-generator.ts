import { type Snippet } from './ssh-config-corpus.js';

/** Numbers below 1 that are the same for the same seed (mulberry32). */
const numbersFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const NAMES = ['alpha', 'beta', 'web1', 'web2.example.org', 'db.example.org', '10.0.0.7', 'Gamma'];
const PATTERNS = [
  ...NAMES,
  ...['*', 'web*', '*.example.org', '?eta', '10.*', 'a*a', '*a*', 'web?.*', 'g*', 'db.*.org'],
];
const USERS = ['alice', 'bob', 'carol'];
const DIRECTIVES: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['User', USERS],
  ['Port', ['22', '2201', '2202', '65535', '1']],
  [
    'HostName',
    ['%h.example.org', 'beta', 'real.example.org', '10.0.0.9', 'web2.example.org', '%h'],
  ],
  ['HostName', ['Alpha.Example.org', '127.1', '2001:db8::7']],
  ['IdentityFile', ['~/.ssh/a', '~/.ssh/b', '%d/.ssh/%r', '"~/.ssh/c d"', 'none', "'/k e y'"]],
  ['CertificateFile', ['~/.ssh/a-cert.pub', '~/.ssh/b-cert.pub']],
  ['IdentitiesOnly', ['yes', 'no', 'true', 'FALSE']],
  [
    'IdentityAgent',
    ['none', 'SSH_AUTH_SOCK', '$WORK_AGENT', '${KEYS}/agent', '~/sock', '/run/%r-%h'],
  ],
  [
    'ProxyJump',
    ['gate', 'alice@gate:2200', 'one,two:22,bob@three', '10.1.1.1', '[::2]:99', 'alpha'],
  ],
  ['ProxyCommand', ['nc %h %p', 'sh -c "exec nc %h %p"', 'none', 'a=b #c']],
  ['HostKeyAlias', ['Alias', 'other.example.org']],
  ['UserKnownHostsFile', ['~/kh', '~/kh_%h %d/%r', 'none', '"/a b" /c', '/x/%k-%n-%p']],
  ['GlobalKnownHostsFile', ['/etc/one /etc/two', 'none']],
  ['StrictHostKeyChecking', ['yes', 'no', 'ask', 'accept-new', 'off']],
  ['AddressFamily', ['inet', 'inet6', 'any', 'INET']],
  ['BindAddress', ['10.0.0.1', '::1']],
  ['ConnectTimeout', ['5', '1m', 'none', '1m30s', '0']],
  ['ServerAliveInterval', ['5', '2m', '0', 'none']],
  ['ServerAliveCountMax', ['1', '7', '0']],
  ['Compression', ['yes', 'no']],
  ['GSSAPIAuthentication', ['yes', 'no']],
  ['ProxyUseFdpass', ['yes', 'no']],
  ['PubkeyAuthentication', ['yes', 'no', 'unbound']],
  ['Ciphers', ['aes256-ctr,aes128-ctr', '+aes128-cbc', '^aes256-ctr', '-chacha20*']],
  ['MACs', ['hmac-sha2-512', '+hmac-md5', '-*sha1*']],
  ['KexAlgorithms', ['curve25519-sha256', '+diffie-hellman-group14-sha1']],
  ['HostKeyAlgorithms', ['ssh-ed25519,rsa-sha2-256', '+ssh-rsa', '-*cert*', 'ecdsa-*']],
  ['PKCS11Provider', ['/usr/lib/p.so', 'none']],
  ['IgnoreUnknown', ['Foo*', 'FooBar,Baz']],
  ['SendEnv', ['LANG LC_*']],
  ['LocalForward', ['8080 localhost:80']],
];
const MISTAKES = [
  ...['Port nope', 'Port 65536', 'FooBar yes', 'Compression perhaps', 'User', 'Port 22 23'],
  ...['User "alice', 'ConnectTimeout soon', 'Match', 'Match moon 1', 'Match host', 'Host ""'],
  ...['ProxyJump a:0', 'ServerAliveCountMax x', 'Ciphers nope', 'Include ""', 'AddressFamily ipx'],
];
const CRITERIA = ['host', 'originalhost', 'user', 'localuser', 'exec'];

/** A config of some twenty lines with an included file, and a question. Every fifteenth or so has a mistake in it. */
export const generateSnippet = (seed: number): Omit<Snippet, 'title' | 'says' | 'openFiles'> => {
  const random = numbersFrom(seed);
  const chance = (probability: number): boolean => random() < probability;
  const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const some = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: 1 + Math.floor(random() * most) }, make);

  const pattern = (): string => `${chance(0.15) ? '!' : ''}${oneOf(PATTERNS)}`;
  const quoted = (word: string): string => (chance(0.1) ? `"${word}"` : word);
  const keyword = (name: string): string => (chance(0.15) ? name.toLowerCase() : name);
  const criterion = (): string => {
    const name = oneOf(CRITERIA);
    const values: Record<string, () => string> = {
      user: () =>
        some(2, () => `${chance(0.2) ? '!' : ''}${oneOf([...USERS, '*', '?o*'])}`).join(','),
      localuser: () => oneOf(['*', 'nobody-of-that-name']),
      exec: () => oneOf(['true', 'false', '"test %p = 22"', '"test %h = %n"', '"test %r = bob"']),
    };
    const value = values[name]?.() ?? some(3, pattern).join(',');
    return `${chance(0.2) ? '!' : ''}${name} ${value}`;
  };
  const block = (): string => {
    if (chance(0.7)) return `${keyword('Host')} ${some(3, () => quoted(pattern())).join(' ')}`;
    if (chance(0.15)) return 'Match all';
    if (chance(0.15)) return `Match final${chance(0.5) ? ` ${criterion()}` : ''}`;
    return `${keyword('Match')} ${some(2, criterion).join(' ')}`;
  };
  const line = (includes: boolean): string => {
    if (includes && chance(0.08)) return 'Include @DIR@/*.conf';
    if (chance(0.05)) return oneOf(['', '# a comment', '  # another', '\t']);
    if (chance(0.28)) return block();
    const [name, values] = oneOf(DIRECTIVES);
    const between = oneOf([' ', ' ', ' ', '=', ' = ', '\t', '   ']);
    return `${oneOf(['', '  ', '\t'])}${keyword(name)}${between}${oneOf(values)}${chance(0.1) ? '  ' : ''}`;
  };
  const file = (length: number, includes: boolean): string => {
    const lines = Array.from({ length }, () => line(includes));
    if (chance(0.07)) lines.splice(Math.floor(random() * lines.length), 0, oneOf(MISTAKES));
    return lines.join(chance(0.2) ? '\r\n' : '\n') + (chance(0.9) ? '\n' : '');
  };
  return {
    files: new Map([
      ['config', file(12 + Math.floor(random() * 20), true)],
      ['1.conf', file(5, false)],
      ['2.conf', file(3, false)],
    ]),
    questions: [
      {
        host: oneOf(NAMES),
        login: {
          ...(chance(0.3) ? { user: oneOf(USERS) } : {}),
          ...(chance(0.2) ? { port: 2203 } : {}),
        },
      },
    ],
  };
};
