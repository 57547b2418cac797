import { sessionRequest } from '../../support/acp-sessions.js';
import { type RecordedCli } from '../contract/subject.js';

/** What a session of each kind ends with, where its agent does as most do. */
const VERDICTS = {
  ...{ basic: 'completed', load: 'completed', image: 'completed', 'tools-allow': 'completed' },
  ...{ 'tools-reject': 'completed', 'tools-cancelled': 'completed', cancel: 'agent/crashed' },
  ...{ 'load-unknown': 'agent/session-not-found', 'err-401': 'agent/auth-failed' },
  ...{ 'err-ctx': 'agent/context-full', 'err-529': 'agent/overloaded' },
};
type SessionName = keyof typeof VERDICTS;

/** Of a folder of sessions: all kinds of them, but for those that end otherwise (null: there is none). */
export const verdictsOf = (
  otherwise: Partial<Record<SessionName, string | null>> = {},
): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...VERDICTS, ...otherwise }).flatMap(([name, verdict]) =>
      verdict === null ? [] : [[name, verdict] as const],
    ),
  );

/**
 * The recorded sessions of an agent: the same were recorded of each.
 *
 * @param verdicts by folder, the one that shows the cases first
 */
export const recordedSessions = (
  verdicts: RecordedCli['verdicts'],
  otherwise: Partial<RecordedCli['cases']> = {},
): RecordedCli => {
  const [folder = ''] = Object.keys(verdicts);
  return {
    verdicts,
    cases: {
      'new-turn': `${folder}/basic`,
      resume: `${folder}/load`,
      'read-only': `${folder}/tools-reject`,
      'long-prompt': { none: 'the output is that of new-turn' },
      'dashes-prompt': { none: 'the output is that of new-turn' },
      'shell-prompt': { none: 'the output is that of new-turn' },
      image: `${folder}/image`,
      edit: `${folder}/tools-allow`,
      model: { none: 'the output is that of new-turn' },
      effort: { none: 'the output is that of new-turn' },
      'auth-failed': `${folder}/err-401`,
      limit: { none: 'no session with a limit was recorded' },
      overloaded: `${folder}/err-529`,
      'context-full': `${folder}/err-ctx`,
      'slow-stream': { none: 'the output is that of new-turn' },
      cancel: { none: 'no session was recorded whose agent was ended in the middle of a tool' },
      'session-not-found': `${folder}/load-unknown`,
      ...otherwise,
    },
    end: /"stopReason"/,
    words: 'Hello',
    toolWords: null,
    unknownEvent: '{"jsonrpc":"2.0","method":"_tomorrow","params":{"x":1}}',
    request: (recording) => ({
      ...sessionRequest(recording),
      readOnly: /\/tools-(?:reject|cancelled)$/.test(recording),
    }),
  };
};
