import { AcpAdapter } from '../../../src/agents/acp/acp-adapter.js';
import { openCodeCli, openCodeEnv } from '../../support/agent-clis.js';
import { type Subject } from '../contract/subject.js';
import { recordedSessions, verdictsOf } from './acp-sessions.js';

export const acpOpenCode: Subject = {
  name: 'acp-opencode',
  adapter: new AcpAdapter(),
  cli: 'OpenCode (ACP)',
  version: '1.18.33',
  told: { streams: true, usage: 'turn', cost: false, reasoning: true, reset: 'no' },
  recorded: recordedSessions(
    {
      // It makes its conversation shorter and goes on; and it was still trying when it was ended.
      'acp-opencode-1.18.33': verdictsOf({ 'err-ctx': 'completed', 'err-529': 'agent/protocol' }),
    },
    {
      overloaded: { none: 'it was still trying again when the recording ended' },
      'context-full': { none: 'it makes its conversation shorter and goes on' },
    },
  ),
  real: {
    find: () => openCodeCli()?.path ?? null,
    inEveryTest: false,
    environment: openCodeEnv,
    args: ['acp'],
    versionText: /^1\.18\.33/,
    models: {
      ...{ usual: 'scripted-model', other: 'other-model' },
      otherNamed: 'scripted/other-model',
    },
    tools: { shell: 'execute', read: 'read', write: 'edit', edit: 'edit' },
    usage: { inputTokens: 750, outputTokens: 20, cacheReadTokens: 300 },
    unknownSessionId: 'ses_000000000ffeAAAAAAAAAAAAAA',
    exceptions: {
      'read-only': {
        because: 'it gives up when it is refused an edit',
        ends: 'agent/permission-denied',
      },
    },
    work: { args: [], withheld: [] },
    turnMs: 120_000,
  },
};
