import { type AlgorithmKind, areAlgorithms } from './algorithm-names.js';
import { LineFault } from './config-fault.js';
import { type ConfigLine } from './config-line.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Directive {
  /** Under which `ssh -G` prints it, when that is another name. */
  name?: string;
  /** Every line counts, and not only the first. */
  isRepeated?: true;
  /** What the line says, in the words of `ssh -G`; null for nothing. */
  read: (line: ConfigLine, environment: Environment) => string[] | null;
}

export const faultAt = ({ file, number }: ConfigLine, says: string): LineFault =>
  new LineFault(`${file} line ${String(number)}: ${says}`);

const wordsIn = (line: ConfigLine): readonly string[] => line.words ?? [];

/** Exactly one word, which `convert` may refuse. */
const oneWord =
  (convert: (word: string, line: ConfigLine) => string | null, missing = 'Missing argument.') =>
  (line: ConfigLine): string[] | null => {
    const [word = '', ...more] = wordsIn(line);
    if (word === '') throw faultAt(line, missing);
    const value = convert(word, line);
    if (more.length > 0)
      throw faultAt(line, `keyword ${line.keyword} extra arguments at end of line`);
    return value === null ? null : [value];
  };

const text: Directive = { read: oneWord((word) => word) };
const repeatedText: Directive = { ...text, isRepeated: true };

/** Words without case that stand for a value each. */
const choice = (values: Record<string, string>): Directive => ({
  read: oneWord((word, line) => {
    const value = values[word.toLowerCase()];
    if (value === undefined) throw faultAt(line, `unsupported option "${word}".`);
    return value;
  }, 'missing argument.'),
});
const flag = choice({ true: 'yes', false: 'no', yes: 'yes', no: 'no' });
const trueOrFalse = { true: 'true', false: 'false', yes: 'true', no: 'false' };

const number: Directive = {
  read: (line) => {
    if (!wordsIn(line)[0]) throw faultAt(line, 'integer value missing.');
    return oneWord((word) => {
      if (!/^[+-]?\d+$/.test(word)) throw faultAt(line, 'integer value invalid.');
      if (Number(word) < 0) throw faultAt(line, 'integer value too small.');
      if (Number(word) > LARGEST_INTEGER) throw faultAt(line, 'integer value too large.');
      return String(Number(word));
    })(line);
  },
};
const LARGEST_INTEGER = 2 ** 31 - 1;

const SECONDS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

const time: Directive = {
  read: oneWord((word, line) => {
    if (word === 'none') return null;
    if (!/^(\d+[smhdw]?)+$/i.test(word)) throw faultAt(line, 'invalid time value.');
    let seconds = 0;
    for (const [, count, unit = ''] of word.toLowerCase().matchAll(/(\d+)([smhdw]?)/g))
      seconds += Number(count) * (SECONDS[unit] ?? 1);
    if (seconds > LARGEST_INTEGER) throw faultAt(line, 'invalid time value.');
    return String(seconds);
  }, 'missing time value.'),
};

const port: Directive = {
  read: oneWord((word, line) => {
    if (/^\+?\d+$/.test(word) && Number(word) >= 1 && Number(word) <= 65_535)
      return String(Number(word));
    throw faultAt(line, `Bad port '${word}'.`);
  }),
};

/** The rest of the line, as it was written. */
const command: Directive = { read: ({ rest }) => [rest.replace(/^[ \t\r=]+/, '')] };

const list: Directive = {
  read: (line) => {
    const words = wordsIn(line);
    if (words.includes('')) throw faultAt(line, `keyword ${line.keyword} empty argument`);
    if (words.length > 1 && words.some((word) => word.toLowerCase() === 'none'))
      throw faultAt(line, `keyword ${line.keyword} "none" argument must appear alone.`);
    return words.length === 0 ? null : [...words];
  },
};

const algorithms = (kind: AlgorithmKind, complaint: string): Directive => ({
  read: oneWord((word, line) => {
    if (areAlgorithms(kind, word)) return word;
    throw faultAt(line, `${complaint} '${word}'.`);
  }),
});
const keyTypes = algorithms('key', 'Bad key types');

/** A path, or the variable that holds one. */
const agent: Directive = {
  read: (line, environment) =>
    oneWord((word) => {
      const braced = Array.from(word.matchAll(/\$\{([^}]*)(\}?)/g));
      if (braced.some(([, name = '', end]) => end === '' || environment[name] === undefined))
        throw faultAt(line, `Invalid environment expansion ${word}.`);
      if (/^\$(?!\{)/.test(word) && !/^\$\w+$/.test(word))
        throw faultAt(line, `Invalid environment name ${word}.`);
      return word;
    })(line),
};

/** Nothing that this server does depends on it: its values are not looked at. */
const unused: Directive = { read: () => null };

const UNUSED =
  'addkeystoagent canonicaldomains canonicalizefallbacklocal canonicalizemaxdots channeltimeout clearallforwardings ' +
  'controlmaster controlpath controlpersist dynamicforward enableescapecommandline enablesshkeysign escapechar ' +
  'exitonforwardfailure fingerprinthash forkafterauthentication forwardagent forwardx11 forwardx11timeout ' +
  'forwardx11trusted gatewayports ipqos kbdinteractivedevices localcommand localforward logfacility loglevel ' +
  'logverbose obscurekeystroketiming permitlocalcommand permitremoteopen rekeylimit remotecommand remoteforward ' +
  'requesttty sendenv sessiontype setenv stdinnull streamlocalbindmask streamlocalbindunlink syslogfacility ' +
  'tcpkeepalive keepalive tunnel tunneldevice versionaddendum visualhostkey warnweakcrypto xauthlocation ' +
  // Those of distributions, and those that have gone.
  'gssapiclientidentity gssapikeyexchange gssapikexalgorithms gssapirenewalforcesrekey gssapiserveridentity gssapitrustdns ' +
  'protocol cipher fallbacktorsh globalknownhostsfile2 rhostsauthentication userknownhostsfile2 useroaming usersh ' +
  'useprivilegedport afstokenpassing kerberosauthentication kerberostgtpassing rsaauthentication ' +
  'rhostsrsaauthentication compressionlevel';

/** Every directive of OpenSSH but those that steer the reading, `ProxyJump`, and the unknown. */
export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ...UNUSED.split(' ').map((name) => [name, unused] as const),
  ['addressfamily', choice({ inet: 'inet', inet6: 'inet6', any: 'any' })],
  ['batchmode', flag],
  ['bindaddress', text],
  ['bindinterface', text],
  ['canonicalizehostname', choice({ ...trueOrFalse, always: 'always' })],
  ['canonicalizepermittedcnames', list],
  ['casignaturealgorithms', keyTypes],
  ['certificatefile', repeatedText],
  ['challengeresponseauthentication', { ...flag, name: 'kbdinteractiveauthentication' }],
  ['checkhostip', flag],
  ['ciphers', algorithms('cipher', 'Bad SSH2 cipher spec')],
  ['compression', choice({ yes: 'yes', no: 'no' })],
  ['connectionattempts', number],
  ['connecttimeout', time],
  ['globalknownhostsfile', list],
  ['gssapiauthentication', flag],
  ['gssapidelegatecredentials', flag],
  ['hashknownhosts', flag],
  ['hostbasedacceptedalgorithms', keyTypes],
  ['hostbasedauthentication', flag],
  ['hostbasedkeytypes', { ...keyTypes, name: 'hostbasedacceptedalgorithms' }],
  ['hostkeyalgorithms', keyTypes],
  ['hostkeyalias', text],
  ['hostname', text],
  ['identitiesonly', flag],
  ['identityagent', agent],
  ['identityfile', repeatedText],
  ['identityfile2', { ...repeatedText, name: 'identityfile' }],
  ['ignoreunknown', text],
  ['kbdinteractiveauthentication', flag],
  ['kexalgorithms', algorithms('kex', 'Bad SSH2 KexAlgorithms')],
  ['knownhostscommand', command],
  ['macs', algorithms('mac', 'Bad SSH2 MAC spec')],
  ['nohostauthenticationforlocalhost', flag],
  ['numberofpasswordprompts', number],
  ['passwordauthentication', flag],
  ['pkcs11provider', text],
  ['port', port],
  ['preferredauthentications', text],
  ['proxycommand', command],
  ['proxyusefdpass', flag],
  [
    'pubkeyauthentication',
    choice({ ...trueOrFalse, unbound: 'unbound', 'host-bound': 'host-bound' }),
  ],
  ['pubkeyacceptedalgorithms', keyTypes],
  ['pubkeyacceptedkeytypes', { ...keyTypes, name: 'pubkeyacceptedalgorithms' }],
  ['refuseconnection', text],
  ['requiredrsasize', number],
  ['revokedhostkeys', list],
  ['securitykeyprovider', text],
  ['serveralivecountmax', number],
  ['serveraliveinterval', time],
  ['skeyauthentication', { ...flag, name: 'kbdinteractiveauthentication' }],
  ['smartcarddevice', { ...text, name: 'pkcs11provider' }],
  [
    'stricthostkeychecking',
    choice({ ...trueOrFalse, ask: 'ask', off: 'false', 'accept-new': 'accept-new' }),
  ],
  ['tag', text],
  ['tisauthentication', { ...flag, name: 'kbdinteractiveauthentication' }],
  ['dsaauthentication', { ...choice(trueOrFalse), name: 'pubkeyauthentication' }],
  ['updatehostkeys', choice({ ...trueOrFalse, ask: 'ask' })],
  ['user', text],
  ['userknownhostsfile', list],
  ['verifyhostkeydns', choice({ ...trueOrFalse, ask: 'ask' })],
]);
