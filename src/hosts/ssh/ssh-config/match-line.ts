import { LineFault, NeedsSshClient } from './config-fault.js';
import { type ConfigLine } from './config-line.js';
import { faultAt } from './directives.js';
import { matchesHostList, matchesList } from './patterns.js';

/** What is known of a host when a `Match` is asked. */
export interface MatchFacts {
  /** As far as `HostName` has been read. */
  hostName: string;
  /** As it was asked for. */
  alias: string;
  user: string;
  localUser: string;
  tag: string;
  /** Is this the second reading, for `Match final`? */
  isFinal: boolean;
  succeeds: (command: string) => Promise<boolean>;
}

export interface MatchAnswer {
  isMatch: boolean;
  /** It asks for a second reading. */
  wantsFinal: boolean;
}

/** Depend on more than this server knows without an ssh client. */
const ONLY_SSH = new Set(['localnetwork', 'version', 'command', 'sessiontype']);
const TAKES_EMPTY = new Set(['tagged', 'command']);

/** All criteria of a `Match` have to hold; one that cannot hold any more runs no further command. */
export const askMatch = async (line: ConfigLine, facts: MatchFacts): Promise<MatchAnswer> => {
  const words = [...(line.words ?? [])];
  let isMatch = true;
  let wantsFinal = false;
  let criteria = 0;
  const bad = (says: string): LineFault =>
    new LineFault(`${says}\n${faultAt(line, 'Bad Match condition').message}`);

  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, not = '', written = '', joined] = /^(!?)([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const criterion = written.toLowerCase();
    if (criterion === 'all' && joined === undefined) {
      if (criteria > 1 || (words[0] ?? '') !== '')
        throw bad(
          faultAt(line, `'${word}' cannot be combined with other Match attributes`).message,
        );
      return { isMatch: isMatch && not === '', wantsFinal };
    }
    criteria += 1;
    let holds: boolean;
    if (criterion === 'final' || criterion === 'canonical') {
      holds = facts.isFinal;
      wantsFinal ||= criterion === 'final';
    } else {
      const argument = joined ?? words.shift() ?? '';
      if (argument === '' && !TAKES_EMPTY.has(criterion))
        throw bad(`Missing Match criteria for ${written}`);
      if (ONLY_SSH.has(criterion)) throw new NeedsSshClient(`Match ${criterion}`);
      const question = QUESTIONS[criterion];
      if (question === undefined) throw bad(`Unsupported Match attribute ${written}`);
      // A command that cannot change the answer is not run.
      holds = (criterion !== 'exec' || isMatch) && (await question(argument, facts));
    }
    if (holds === (not === '!')) isMatch = false;
  }
  if (criteria === 0) throw bad('One or more attributes required for Match');
  return { isMatch, wantsFinal };
};

const QUESTIONS: Record<
  string,
  (argument: string, facts: MatchFacts) => boolean | Promise<boolean>
> = {
  host: (list, { hostName }) => matchesHostList(hostName, list),
  originalhost: (list, { alias }) => matchesHostList(alias, list),
  user: (list, { user }) => matchesList(user, list),
  localuser: (list, { localUser }) => matchesList(localUser, list),
  tagged: (list, { tag }) => (tag === '' ? list === '' : matchesList(tag, list)),
  exec: (command, { succeeds }) => succeeds(command),
};
