import { CustomAdapter } from '../../../src/agents/custom/custom-adapter.js';
import { type CustomAgent } from '../../../src/agents/custom/custom-agent.js';
import { droidCli, droidEnv } from '../../support/agent-clis.js';
import { type Subject } from '../contract/subject.js';

/** As one would define it who has only its help text. */
const DEFINITION: CustomAgent = {
  prompt: 'file',
  output: { format: 'text' },
  model: { args: ['--model={model}'] },
  readOnly: { args: ['--only-tools', 'Read,LS,Grep,Glob'] },
  versionArgs: ['--version'],
};

const ONE_FAILURE = 'of a custom agent, one failure cannot be told from another';

export const customDroid: Subject = {
  name: 'custom-droid',
  adapter: new CustomAdapter(DEFINITION),
  custom: DEFINITION,
  cli: 'Droid (custom, text)',
  version: '0.225.2',
  told: {
    ...{ streams: false, usage: 'no', cost: false, reasoning: false, reset: 'no' },
    tools: false,
  },
  recorded: {
    verdicts: {
      'custom-droid-0.225.2': {
        badflag: 'agent/crashed',
        'err-401': 'agent/crashed',
        'err-ctx': 'agent/crashed',
        model: 'completed',
        new: 'completed',
        readonly: 'completed',
        tools: 'completed',
      },
    },
    cases: {
      'new-turn': 'custom-droid-0.225.2/new',
      resume: { none: 'plain text has no place for the id of a conversation' },
      'read-only': 'custom-droid-0.225.2/readonly',
      'long-prompt': { none: 'the output is that of new-turn' },
      'dashes-prompt': { none: 'the output is that of new-turn' },
      'shell-prompt': { none: 'the output is that of new-turn' },
      image: { none: 'this one cannot be told of a file by its arguments' },
      edit: 'custom-droid-0.225.2/tools',
      model: 'custom-droid-0.225.2/model',
      effort: { none: 'a definition cannot name one' },
      'auth-failed': { none: ONE_FAILURE },
      limit: { none: ONE_FAILURE },
      overloaded: { none: ONE_FAILURE },
      'context-full': { none: ONE_FAILURE },
      'slow-stream': { none: 'the output is that of new-turn' },
      cancel: { none: 'it tells of no tool' },
      'session-not-found': { none: 'plain text has no place for the id of a conversation' },
    },
    end: { none: 'plain text has no end but that of its process' },
    words: 'Hello there.',
    toolWords: null,
    unknownEvent: { none: 'all of its output is the answer' },
  },
  real: {
    find: () => droidCli()?.path ?? null,
    inEveryTest: false,
    environment: droidEnv,
    args: ['exec', '--auto', 'high', '--file', '{promptFile}'],
    versionText: /^0\.225\.2/,
    models: {
      ...{ usual: 'scripted-model', other: 'other-model' },
      otherNamed: 'custom:Other-1',
    },
    tools: { shell: 'Execute', read: 'Read', write: 'Create', edit: 'Edit' },
    usage: null,
    unknownSessionId: '00000000-0000-4000-8000-000000000000',
    exceptions: {
      'auth-failed': { because: ONE_FAILURE, ends: 'agent/crashed' },
      limit: { because: ONE_FAILURE, ends: 'agent/crashed' },
      overloaded: { because: 'it tries again for minutes before it says so' },
      'context-full': { because: ONE_FAILURE, ends: 'agent/crashed' },
    },
    work: { args: [], withheld: ['Execute', 'Create', 'Edit'] },
    turnMs: 120_000,
  },
};
