import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { parseJump } from './ssh-config-jumps.js';
import { type AlgorithmKind, assembleAlgorithms } from './algorithm-names.js';
import { type ConfigFiles } from './config-files.js';
import { ConfigFault } from './config-fault.js';
import { Evaluation, type Question } from './evaluation.js';
import { expandPath, tokensFor, type Tokens } from './tokens.js';

/** What `ssh` does without being told, as far as it concerns this server. */
const DEFAULTS: Readonly<Record<string, string>> = {
  port: '22',
  addressfamily: 'any',
  batchmode: 'no',
  canonicalizehostname: 'false',
  checkhostip: 'no',
  compression: 'no',
  connectionattempts: '1',
  connecttimeout: 'none',
  gssapiauthentication: 'no',
  gssapidelegatecredentials: 'no',
  hashknownhosts: 'no',
  hostbasedauthentication: 'no',
  identitiesonly: 'no',
  kbdinteractiveauthentication: 'yes',
  nohostauthenticationforlocalhost: 'no',
  numberofpasswordprompts: '3',
  passwordauthentication: 'yes',
  proxyusefdpass: 'no',
  pubkeyauthentication: 'true',
  requiredrsasize: '1024',
  serveralivecountmax: '3',
  serveraliveinterval: '0',
  stricthostkeychecking: 'ask',
  verifyhostkeydns: 'false',
};
const ALGORITHMS: Readonly<Record<string, AlgorithmKind>> = {
  casignaturealgorithms: 'key',
  ciphers: 'cipher',
  hostbasedacceptedalgorithms: 'key',
  hostkeyalgorithms: 'key',
  kexalgorithms: 'kex',
  macs: 'mac',
  pubkeyacceptedalgorithms: 'key',
};
const IDENTITIES = ['rsa', 'ecdsa', 'ecdsa_sk', 'ed25519', 'ed25519_sk'];
/** Here `none` is as good as nothing. */
const NONE_IS_NOTHING = ['knownhostscommand', 'pkcs11provider', 'proxycommand', 'proxyjump'];
const NAMES_THAT_LIST_FILES = ['globalknownhostsfile', 'revokedhostkeys', 'userknownhostsfile'];

/**
 * What `ssh -G` would print, for machines without an ssh client: every directive by its lower-case name, of those that
 * this server knows what to do with. Throws a `ConfigFault` in the words of `ssh`, or a `NeedsSshClient`.
 */
export const evaluateSshConfig = async (
  files: ConfigFiles,
  question: Question,
): Promise<Map<string, string[]>> => {
  const evaluation = new Evaluation(files, question);
  await evaluation.read();
  evaluation.refuseLookups();
  const hostName = canonicalAddress(evaluation.hostName(), evaluation.first('addressfamily'));
  if (evaluation.wantsFinal) {
    await evaluation.readAgain(hostName);
    evaluation.refuseLookups();
  }
  const { values } = evaluation;
  return completed(values, question.alias, hostName, files.environment);
};

const completed = (
  given: ReadonlyMap<string, string[]>,
  alias: string,
  hostName: string,
  environment: Readonly<Record<string, string | undefined>>,
): Map<string, string[]> => {
  const { username, homedir } = userInfo();
  const values = new Map<string, string[]>();
  for (const [name, value] of Object.entries(DEFAULTS)) values.set(name, [value]);
  values.set(
    'identityfile',
    IDENTITIES.map((name) => `~/.ssh/id_${name}`),
  );
  values.set('globalknownhostsfile', ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']);
  values.set(
    'userknownhostsfile',
    ['known_hosts', 'known_hosts2'].map((name) => join(homedir, '.ssh', name)),
  );
  values.set('updatehostkeys', [updatesHostKeys(given) ? 'true' : 'false']);
  values.set('user', [username]);
  for (const [name, value] of given) values.set(name, value);

  values.set('host', [alias]).set('hostname', [hostName]);
  for (const [name, kind] of Object.entries(ALGORITHMS))
    values.set(name, [assembleAlgorithms(kind, given.get(name)?.[0])]);
  for (const name of NONE_IS_NOTHING)
    if (values.get(name)?.[0]?.toLowerCase() === 'none') values.delete(name);
  const hostKeyAlias = values.get('hostkeyalias')?.[0]?.toLowerCase();
  if (hostKeyAlias !== undefined) values.set('hostkeyalias', [hostKeyAlias]);
  const jumpHost = settleJump(values, hostName);

  const tokens = tokensFor({
    alias,
    hostName,
    port: Number(values.get('port')?.[0]),
    user: values.get('user')?.[0] ?? username,
    hostKeyAlias,
    jumpHost,
  });
  expandPaths(values, tokens, environment);
  return values;
};

/** Puts the jump as `ssh -G` prints it, and returns the name of the last host on the way. */
const settleJump = (values: Map<string, string[]>, hostName: string): string | undefined => {
  const way = values.get('proxyjump')?.[0];
  if (way === undefined) return undefined;
  const elements = way.split(',');
  const last = parseJump(elements.pop() ?? '');
  if (last === null) return undefined;
  const { host, user, port } = last;
  const [toUser, toPort] = ['user', 'port'].map((name) => values.get(name)?.[0]);
  if (host === hostName && String(port ?? 22) === toPort && (user ?? toUser) === toUser)
    throw new ConfigFault(`jumphost loop via ${host}`);
  const isNumeric = host.includes(':') || /^[\d.]+$/.test(host);
  elements.push(
    `${user === undefined ? '' : `${user}@`}${isNumeric ? `[${host}]` : host}${port === undefined ? '' : `:${String(port)}`}`,
  );
  values.set('proxyjump', [elements.join(',')]);
  values.set('proxyusefdpass', ['no']);
  values.delete('proxycommand');
  return host;
};

/** Not all paths: those of keys and certificates stay as they were written. */
const expandPaths = (
  values: Map<string, string[]>,
  tokens: Tokens,
  environment: Readonly<Record<string, string | undefined>>,
): void => {
  const agent = values.get('identityagent')?.[0];
  if (agent !== undefined) values.set('identityagent', [expandPath(agent, tokens, environment)]);
  const known = values.get('userknownhostsfile') ?? [];
  values.set(
    'userknownhostsfile',
    known.map((path) => expandPath(path, tokens, environment)),
  );
  for (const name of NAMES_THAT_LIST_FILES) {
    const paths = values.get(name);
    if (paths !== undefined) values.set(name, [paths.join(' ')]);
  }
};

/** By default, unless host keys are kept elsewhere than usual. */
const updatesHostKeys = (given: ReadonlyMap<string, string[]>): boolean => {
  const files = given.get('userknownhostsfile') ?? [];
  const isUsual = files.length === 0 || (files.length === 1 && files[0] === '~/.ssh/known_hosts');
  return (given.get('verifyhostkeydns')?.[0] ?? 'false') === 'false' && isUsual;
};

/** Names have no case; short and hexadecimal forms of addresses are written out, if they may be used at all. */
const canonicalAddress = (hostName: string, family: string | undefined): string => {
  if (isIPv6(hostName)) {
    if (family === 'inet' || hostName.includes('.')) return hostName;
    return new SocketAddress({ address: hostName, family: 'ipv6' }).address;
  }
  const lower = hostName.toLowerCase();
  if (family === 'inet6' || !/^[\dx.a-f]+$/.test(lower) || !URL.canParse(`http://${lower}`))
    return lower;
  const { hostname } = new URL(`http://${lower}`);
  return isIPv4(hostname) ? hostname : lower;
};
