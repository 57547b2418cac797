import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { SshFailure } from '../../src/hosts/ssh/errors.js';
import { resolveSshConfig, type SshLogin } from '../../src/hosts/ssh/ssh-config/ssh-config.js';

/** One config with what is asked of it, from `test/fixtures/ssh-config/*.snippets`. */
export interface Snippet {
  title: string;
  questions: { host: string; login: SshLogin }[];
  /** By path below the snippet's own directory; `config` is the main one. */
  files: Map<string, string>;
  /** The config is broken, and both say so; the parser says this. */
  says: string[];
  /** Of these files, others may write. */
  openFiles: string[];
}

const FIXTURES = join(import.meta.dirname, '../fixtures/ssh-config');

/**
 * A snippet begins with `=== title`; `? host [-l user] [-p port]` asks, `! crlf`, `! cut`, `! open FILE` and
 * `! says TEXT` are about the test, `--- path` begins another file, and `@DIR@` is the directory that they are in.
 */
export const readSnippets = (): Snippet[] =>
  readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.snippets'))
    .flatMap((name) => readFileSync(join(FIXTURES, name), 'utf8').split(/^=== /m).slice(1))
    .map((text) => {
      const [title = '', ...lines] = text.trimEnd().split('\n');
      const marked = (mark: string): string[] =>
        lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length));
      const settings = marked('! ');
      const values = (name: string): string[] =>
        settings.flatMap((setting) => setting.split(`${name} `)[1] ?? []);
      const [main = '', ...others] = lines
        .filter((line) => !line.startsWith('? ') && !line.startsWith('! '))
        .map((line) => `${line}\n`)
        .join('')
        .split(/^--- /m);
      const files = new Map([['config', main]]);
      for (const other of others) {
        const [path = '', ...content] = other.split('\n');
        files.set(path, content.join('\n'));
      }
      for (const [path, content] of files) {
        const cut = settings.includes('cut') ? content.trimEnd() : content;
        files.set(path, settings.includes('crlf') ? cut.replaceAll('\n', '\r\n') : cut);
      }
      const questions = marked('? ').map(readQuestion);
      return { title, questions, files, says: values('says'), openFiles: values('open') };
    });

const readQuestion = (question: string): Snippet['questions'][number] => {
  const [, host = '', user, port] = /^(\S+)(?: -l (\S+))?(?: -p (\d+))?$/.exec(question) ?? [];
  return {
    host,
    login: {
      ...(user === undefined ? {} : { user }),
      ...(port === undefined ? {} : { port: Number(port) }),
    },
  };
};

/** Writes the files and returns the path of the main one. */
export const writeConfig = (directory: string, files: ReadonlyMap<string, string>): string => {
  for (const [name, content] of files) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content.replaceAll('@DIR@', directory), { mode: 0o644 });
  }
  return join(directory, 'config');
};

/** A path where no program is: the config is then read without an ssh client. */
export const NO_CLIENT = '/nonexistent/ssh';

export const ENVIRONMENT = {
  PATH: process.env['PATH'],
  HOME: homedir(),
  SHELL: '/bin/sh',
  KEYS: '/keys',
  WORK_AGENT: '/run/work-agent',
};

const PLAIN = [
  ...['host', 'hostname', 'port', 'user', 'identityfile', 'identityagent', 'identitiesonly'],
  ...['certificatefile', 'pkcs11provider', 'proxyjump', 'proxycommand', 'proxyusefdpass'],
  ...['hostkeyalias', 'userknownhostsfile', 'globalknownhostsfile', 'stricthostkeychecking'],
  ...['checkhostip', 'hashknownhosts', 'updatehostkeys', 'verifyhostkeydns', 'addressfamily'],
  ...['bindaddress', 'bindinterface', 'connecttimeout', 'connectionattempts', 'compression'],
  ...['serveraliveinterval', 'serveralivecountmax', 'pubkeyauthentication', 'requiredrsasize'],
  ...['passwordauthentication', 'kbdinteractiveauthentication', 'hostbasedauthentication'],
  ...['nohostauthenticationforlocalhost', 'numberofpasswordprompts', 'preferredauthentications'],
  ...['gssapiauthentication', 'gssapidelegatecredentials', 'canonicalizehostname', 'batchmode'],
];
const ALGORITHMS = [
  ...['ciphers', 'macs', 'kexalgorithms', 'hostkeyalgorithms', 'pubkeyacceptedalgorithms'],
  ...['casignaturealgorithms', 'hostbasedacceptedalgorithms'],
];
/** Versions of OpenSSH differ in whether they still try these. */
const FORMER_IDENTITY = /\.ssh\/id_(dsa|xmss)$/;
const SPELLINGS: Record<string, string> = { true: 'yes', false: 'no' };

type Directives = ReadonlyMap<string, readonly string[]>;
export type Answer = Record<string, unknown>;

/** What a resolver answers, without what depends on the version of OpenSSH: the lists that are used by default. */
export const ask = async (
  configPath: string,
  { host, login }: Snippet['questions'][number],
  sshPath = 'ssh',
): Promise<Answer> => {
  const options = { configPath, sshPath, environment: ENVIRONMENT };
  try {
    const { directives, ...resolved } = await resolveSshConfig(host, options, login);
    const usual = await defaultsOf(sshPath);
    const { alias, hostName, port, user, proxyJump, proxyCommand, identityAgent } = resolved;
    return {
      fields: { alias, hostName, port, user, proxyJump, proxyCommand, identityAgent },
      ...plainValues(directives),
      ...algorithmChanges(directives, usual),
    };
  } catch (error) {
    if (!(error instanceof SshFailure)) throw error;
    const lines = Array.from(error.message.matchAll(/line (\d+)/g), ([, line]) => line);
    return { code: error.code, lines: [...new Set(lines)], message: error.message };
  }
};

const knownDefaults = new Map<string, Promise<Directives>>();

const defaultsOf = (sshPath: string): Promise<Directives> => {
  const known =
    knownDefaults.get(sshPath) ??
    resolveSshConfig('defaults', { sshPath, configPath: 'none' }).then(
      ({ directives }) => directives,
    );
  knownDefaults.set(sshPath, known);
  return known;
};

const plainValues = (directives: Directives): Answer =>
  Object.fromEntries(
    PLAIN.map((name) => [
      name,
      (directives.get(name) ?? [])
        .filter((value) => !FORMER_IDENTITY.test(value))
        .map((value) => (name === 'user' ? value : (SPELLINGS[value] ?? value))),
    ]),
  );

/** What was added to the defaults, in its order, what was taken from them, and what came first instead. */
const algorithmChanges = (directives: Directives, usual: Directives): Answer =>
  Object.fromEntries(
    ALGORITHMS.map((name) => {
      const byDefault = usual.get(name)?.[0]?.split(',') ?? [];
      const chosen = directives.get(name)?.[0]?.split(',') ?? [];
      const missing = byDefault.filter((algorithm) => !chosen.includes(algorithm));
      const isFewer = missing.length > chosen.length;
      return [
        name,
        isFewer
          ? { chosen }
          : {
              added: chosen.filter((algorithm) => !byDefault.includes(algorithm)),
              missing: missing.filter((algorithm) => COMMON.has(algorithm)).sort(),
              first:
                chosen[0] === byDefault.find((name) => chosen.includes(name)) ? null : chosen[0],
            },
      ];
    }),
  );

/** Of the defaults, those that no version has been without for years. */
const COMMON = new Set([
  ...['chacha20-poly1305@openssh.com', 'aes128-ctr', 'aes256-ctr', 'aes256-gcm@openssh.com'],
  ...['hmac-sha1', 'hmac-sha2-256', 'hmac-sha2-512', 'hmac-sha1-etm@openssh.com'],
  ...['curve25519-sha256', 'ecdh-sha2-nistp256', 'diffie-hellman-group16-sha512'],
  ...['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-512-cert-v01@openssh.com', 'ecdsa-sha2-nistp256'],
]);
