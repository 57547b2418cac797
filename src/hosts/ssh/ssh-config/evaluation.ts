import { userInfo } from 'node:os';
import { parseJump } from './ssh-config-jumps.js';
import { type ConfigFiles, type RootFile } from './config-files.js';
import { BrokenConfig, ConfigFault, LineFault, NeedsSshClient } from './config-fault.js';
import { type ConfigLine } from './config-line.js';
import { DIRECTIVES, faultAt } from './directives.js';
import { succeeds } from './match-exec.js';
import { askMatch, type MatchFacts } from './match-line.js';
import { matchesList, matchesPattern } from './patterns.js';
import { expandTokens, tokensFor } from './tokens.js';

const INCLUDE_DEPTH = 16;

export interface Question {
  /** As on the command line of `ssh`. */
  alias: string;
  user?: string | undefined;
  port?: number | undefined;
  /** Ends commands of `Match exec`. */
  signal: AbortSignal;
  /** Of these commands; that of the server by default. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
}

interface Place {
  root: RootFile;
  depth: number;
  /** Inside a block that does not apply: nothing counts, but mistakes are mistakes. */
  isBarred: boolean;
}

/** Reads the files of a config with one host in mind: of each directive, the first that applies to it counts. */
export class Evaluation {
  /** By the name of the directive in lower case. */
  readonly values = new Map<string, string[]>();
  wantsFinal = false;
  #faults: string[] = [];
  #isFinal = false;
  /** What the patterns of `Host` are compared with. */
  #host: string;

  constructor(
    private readonly files: ConfigFiles,
    private readonly question: Question,
  ) {
    this.#host = question.alias;
    if (question.user !== undefined) this.values.set('user', [question.user]);
    if (question.port !== undefined) this.values.set('port', [String(question.port)]);
  }

  first(name: string): string | undefined {
    return this.values.get(name)?.[0];
  }

  /** Throws a `ConfigFault` that names every mistake, or what only an ssh client could follow. */
  async read(): Promise<void> {
    for (const root of this.files.roots) {
      const lines = await this.files.lines(root.path, root.isGuarded);
      if (lines !== null) await this.follow(lines, { root, depth: 0, isBarred: false }, true);
      else if (root.mustExist)
        throw new ConfigFault(
          `Can't open user config file ${root.path}: No such file or directory`,
        );
    }
  }

  /** `Match final` has asked for it: once more, with the name that the host turned out to have. */
  async readAgain(hostName: string): Promise<void> {
    this.#isFinal = true;
    this.#host = hostName;
    this.values.set('hostname', [hostName]);
    await this.read();
  }

  private async follow(
    lines: readonly ConfigLine[],
    place: Place,
    startsActive: boolean,
  ): Promise<void> {
    let isActive = startsActive;
    let mistakes = 0;
    for (const line of lines) {
      // There may be very many, and only the first of many hosts has to find the mistakes.
      if (!isActive && line.outcome?.fault === null) continue;
      try {
        const next = this.take(line, place, isActive);
        // Most lines have nothing to wait for.
        isActive = typeof next === 'boolean' ? next : await next;
      } catch (error) {
        if (!(error instanceof LineFault)) throw error;
        mistakes += 1;
        this.#faults.push(error.message);
      }
    }
    const [{ file } = { file: '' }] = lines;
    if (mistakes > 0) {
      this.#faults.push(`${file}: terminating, ${String(mistakes)} bad configuration options`);
      throw new BrokenConfig(this.#faults.join('\n'));
    }
  }

  /** Whether the next line applies. */
  private take(line: ConfigLine, place: Place, isActive: boolean): boolean | Promise<boolean> {
    const { keyword, words, rest } = line;
    if (rest === '') throw faultAt(line, `no argument after keyword "${keyword}"`);
    if (words === null) throw faultAt(line, 'invalid quotes');
    switch (keyword) {
      case 'host':
        if (words.includes('')) throw faultAt(line, 'keyword host empty argument');
        return !place.isBarred && this.isNamed(words);
      case 'match':
        return this.match(line, place);
      case 'include':
        return this.include(line, words, place, isActive);
      case 'proxyjump':
        this.jump(line, isActive);
        return isActive;
      default:
        this.set(line, isActive);
        return isActive;
    }
  }

  private async match(line: ConfigLine, place: Place): Promise<boolean> {
    const { isMatch, wantsFinal } = await askMatch(line, this.facts(place));
    this.wantsFinal ||= wantsFinal;
    return isMatch && !place.isBarred;
  }

  private isNamed(patterns: readonly string[]): boolean {
    let isNamed = false;
    for (const pattern of patterns) {
      const isNegated = pattern.startsWith('!');
      if (!matchesPattern(this.#host, isNegated ? pattern.slice(1) : pattern)) continue;
      if (isNegated) return false;
      isNamed = true;
    }
    return isNamed;
  }

  private set(line: ConfigLine, isActive: boolean): void {
    const directive = DIRECTIVES.get(line.keyword);
    if (directive === undefined) {
      if (matchesList(line.keyword, (this.first('ignoreunknown') ?? '').toLowerCase())) return;
      throw new LineFault(
        `${line.file}: line ${String(line.number)}: Bad configuration option: ${line.keyword}`,
      );
    }
    const values = this.files.valuesOf(line, directive);
    if (!isActive || values === null) return;
    const { name = line.keyword, isRepeated } = directive;
    if (name === 'refuseconnection')
      throw new ConfigFault(faultAt(line, `RefuseConnection: ${values.join(' ')}`).message);
    // `ProxyJump` and `ProxyCommand` compete: whichever comes first.
    if (name === 'proxycommand' && this.values.has('proxyjump')) return;
    const known = this.values.get(name);
    if (known === undefined) this.values.set(name, values);
    else if (isRepeated) this.values.set(name, [...new Set([...known, ...values])]);
  }

  private jump(line: ConfigLine, isActive: boolean): void {
    const value = line.rest.replace(/^[ \t\r=]+/, '').replace(/[ \t]*#.*$/, '');
    const isNone = value.toLowerCase() === 'none';
    if (!isNone && value.split(',').some((element) => parseJump(element) === null))
      throw faultAt(line, `Invalid ProxyJump "${value}"`);
    if (!isActive || this.values.has('proxyjump') || this.values.has('proxycommand')) return;
    this.values.set('proxyjump', [isNone ? 'none' : value]);
  }

  private async include(
    line: ConfigLine,
    patterns: readonly string[],
    place: Place,
    isActive: boolean,
  ): Promise<boolean> {
    const { root, depth } = place;
    for (const pattern of patterns) {
      if (pattern === '') throw faultAt(line, 'keyword include empty argument');
      if (pattern.startsWith('~') && !root.isUsers)
        throw faultAt(line, `bad include path ${pattern}.`);
      const files = await this.files.included(pattern, root.isUsers);
      for (const file of files) {
        if (depth === INCLUDE_DEPTH)
          throw new ConfigFault('Too many recursive configuration includes');
        const lines = await this.files.lines(file, true);
        if (lines === null) throw new LineFault(`Can't open user config file ${file}`);
        const inside = { root, depth: depth + 1, isBarred: place.isBarred || !isActive };
        await this.follow(lines, inside, isActive);
      }
    }
    return isActive;
  }

  private facts(place: Place): MatchFacts {
    const { alias, signal, environment } = this.question;
    const { username } = userInfo();
    const naming = {
      alias,
      hostName: this.hostName(),
      port: Number(this.first('port') ?? 22),
      user: this.first('user') ?? username,
    };
    return {
      ...naming,
      localUser: username,
      tag: this.first('tag') ?? '',
      isFinal: this.#isFinal,
      succeeds: async (command) => {
        const hostKeyAlias = this.first('hostkeyalias') ?? naming.hostName;
        const expanded = expandTokens(command, tokensFor({ ...naming, hostKeyAlias }));
        return !place.isBarred && (await succeeds(expanded, environment, signal));
      },
    };
  }

  /** As far as it is known by now. */
  hostName(): string {
    const { alias } = this.question;
    const name = this.first('hostname');
    if (name === undefined || this.#isFinal) return name ?? alias;
    return expandTokens(name, { '%%': '%', '%h': alias });
  }

  /** What has to be looked up in the DNS is left to `ssh`. */
  refuseLookups(): void {
    const canonicalize = this.first('canonicalizehostname') ?? 'false';
    if (canonicalize !== 'false')
      throw new NeedsSshClient(
        `CanonicalizeHostname ${canonicalize === 'true' ? 'yes' : canonicalize}`,
      );
    if ((this.first('canonicalizepermittedcnames') ?? 'none').toLowerCase() !== 'none')
      throw new NeedsSshClient('CanonicalizePermittedCNAMEs');
  }
}
