import { CustomAdapter } from '../../../src/agents/custom/custom-adapter.js';
import { type CustomAgent } from '../../../src/agents/custom/custom-agent.js';
import { claudeCli, claudeEnv } from '../../support/agent-clis.js';
import { type Subject } from '../contract/subject.js';

/** As one would define it who has only its help text. */
const DEFINITION: CustomAgent = {
  prompt: 'stdin',
  output: {
    ...{ format: 'json', text: '/result', sessionId: '/session_id', error: '/errors/0' },
    usage: {
      ...{ inputTokens: '/usage/input_tokens', outputTokens: '/usage/output_tokens' },
      cacheReadTokens: '/usage/cache_read_input_tokens',
      cacheWriteTokens: '/usage/cache_creation_input_tokens',
      costUsd: '/total_cost_usd',
    },
  },
  model: { args: ['--model', '{model}'] },
  readOnly: { args: ['--permission-mode', 'plan', '--tools', 'Read,Grep,Glob'] },
  resume: { args: ['--resume', '{sessionId}'] },
  versionArgs: ['--version'],
};

const ONE_FAILURE = 'of a custom agent, one failure cannot be told from another';

export const customClaude: Subject = {
  name: 'custom-claude',
  adapter: new CustomAdapter(DEFINITION),
  custom: DEFINITION,
  cli: 'Claude Code (custom, JSON)',
  version: '2.1.197',
  told: {
    ...{ streams: false, usage: 'turn', cost: true, reasoning: false, reset: 'no' },
    tools: false,
  },
  recorded: {
    verdicts: {
      'custom-claude-2.1.197': {
        badflag: 'agent/crashed',
        'err-401': 'agent/crashed',
        'err-429': 'agent/crashed',
        'err-529': 'agent/crashed',
        'err-ctx': 'agent/crashed',
        'kill-SIGTERM-tool': 'agent/crashed',
        new: 'completed',
        readonly: 'completed',
        resume: 'completed',
        'resume-unknown': 'agent/crashed',
        slow: 'completed',
        tools: 'completed',
      },
    },
    cases: {
      'new-turn': 'custom-claude-2.1.197/new',
      resume: 'custom-claude-2.1.197/resume',
      'read-only': 'custom-claude-2.1.197/readonly',
      'long-prompt': { none: 'the output is that of new-turn' },
      'dashes-prompt': { none: 'the output is that of new-turn' },
      'shell-prompt': { none: 'the output is that of new-turn' },
      image: { none: 'this one cannot be told of a file by its arguments' },
      edit: 'custom-claude-2.1.197/tools',
      model: { none: 'the output is that of new-turn' },
      effort: { none: 'a definition cannot name one' },
      'auth-failed': { none: ONE_FAILURE },
      limit: { none: ONE_FAILURE },
      overloaded: { none: ONE_FAILURE },
      'context-full': { none: ONE_FAILURE },
      'slow-stream': 'custom-claude-2.1.197/slow',
      cancel: { none: 'it tells of no tool' },
      'session-not-found': { none: ONE_FAILURE },
    },
    end: /"type":"result"/,
    words: 'Hello there.',
    toolWords: null,
    unknownEvent: { none: 'what is not declared is nothing to it' },
  },
  real: {
    find: () => claudeCli()?.path ?? null,
    inEveryTest: false,
    environment: (modelApi, home) => ({
      ...claudeEnv(modelApi, home),
      ...{ IS_SANDBOX: '1', CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1' },
    }),
    args: ['-p', '--output-format', 'json', '--permission-mode', 'bypassPermissions'],
    versionText: /^2\.1\.197/,
    models: { usual: 'claude-sonnet-5', other: 'claude-sonnet-4-5' },
    tools: { shell: 'Bash', read: 'Read', write: 'Write', edit: 'Edit' },
    usage: { inputTokens: 700, outputTokens: 20, cacheReadTokens: 300, cacheWriteTokens: 50 },
    unknownSessionId: '00000000-0000-4000-8000-000000000000',
    exceptions: {
      'auth-failed': { because: ONE_FAILURE, ends: 'agent/crashed' },
      limit: { because: ONE_FAILURE, ends: 'agent/crashed' },
      overloaded: { because: ONE_FAILURE, ends: 'agent/crashed' },
      'context-full': { because: ONE_FAILURE, ends: 'agent/crashed' },
      'session-not-found': { because: ONE_FAILURE, ends: 'agent/crashed' },
    },
    work: { args: [], withheld: ['Bash', 'Edit', 'Write'] },
    turnMs: 60_000,
  },
};
