import { AcpAdapter } from '../../../src/agents/acp/acp-adapter.js';
import { geminiCli, geminiEnv } from '../../support/agent-clis.js';
import { type Subject } from '../contract/subject.js';
import { recordedSessions, verdictsOf } from './acp-sessions.js';

export const acpGemini: Subject = {
  name: 'acp-gemini',
  adapter: new AcpAdapter(),
  cli: 'Gemini CLI (ACP)',
  version: '0.61.0',
  told: { streams: true, usage: 'turn', cost: false, reasoning: true, reset: 'no' },
  recorded: recordedSessions(
    {
      // It never finds its conversations again; and it was still trying when it was ended.
      'acp-gemini-0.61.0': verdictsOf({
        ...{ load: 'agent/session-not-found', 'err-529': 'agent/protocol' },
      }),
      // It began as a copy of it.
      'acp-qwen-0.15.10': verdictsOf({ 'err-529': 'agent/protocol' }),
    },
    {
      resume: { none: 'it does not find its conversations again' },
      overloaded: { none: 'it was still trying again when the recording ended' },
    },
  ),
  real: {
    find: () => geminiCli()?.path ?? null,
    inEveryTest: false,
    environment: (modelApi, home) => ({
      ...geminiEnv(modelApi, home),
      ...{ GEMINI_CLI_TRUST_WORKSPACE: 'true', GEMINI_CLI_NO_RELAUNCH: 'true' },
    }),
    args: ['--acp'],
    versionText: /^0\.61\.0/,
    models: { usual: 'gemini-2.5-flash', other: 'gemini-2.5-pro' },
    tools: { shell: 'execute', read: 'read', write: 'edit', edit: 'edit' },
    usage: { inputTokens: 1000, outputTokens: 20 },
    unknownSessionId: '00000000-0000-4000-8000-000000000000',
    exceptions: {
      resume: { because: 'it does not always find its conversations again, and begins another' },
      effort: { because: 'it cannot be told any', ends: 'agent/unsupported' },
    },
    work: { args: [], withheld: [] },
    turnMs: 60_000,
  },
};
