import { AcpAdapter } from '../../../src/agents/acp/acp-adapter.js';
import { codexAcp, codexConfines, codexEnv } from '../../support/agent-clis.js';
import { type Subject } from '../contract/subject.js';
import { recordedSessions, verdictsOf } from './acp-sessions.js';

export const acpCodex: Subject = {
  name: 'acp-codex',
  adapter: new AcpAdapter(),
  cli: 'codex-acp',
  version: '2.6.0',
  told: { streams: true, usage: 'turn', cost: false, reasoning: true, reset: 'no' },
  recorded: recordedSessions({
    'acp-codex-2.6': verdictsOf(),
    // It gives up when it is refused something.
    'acp-codex-0.16': verdictsOf({ 'tools-reject': 'agent/permission-denied' }),
  }),
  real: {
    find: () => codexAcp()?.path ?? null,
    lacks: () => (codexConfines() ? null : 'no namespaces for its sandbox'),
    inEveryTest: false,
    environment: (modelApi, home) => ({
      ...codexEnv(modelApi, home),
      // The sandbox of its usual mode lets nobody commit. It is left in read-only turns.
      INITIAL_AGENT_MODE: 'agent-full-access',
    }),
    versionText: /^@agentclientprotocol\/codex-acp 2\.6\.0/,
    models: { usual: 'gpt-5.5', other: 'gpt-5.6-luna' },
    tools: { shell: 'exec_command', read: null, write: 'edit', edit: 'edit' },
    usage: { inputTokens: 700, outputTokens: 20, cacheReadTokens: 300 },
    unknownSessionId: '00000000-0000-4000-8000-000000000000',
    exceptions: {
      'read-only': {
        because: 'it gives up when it is refused an edit',
        ends: 'agent/permission-denied',
      },
    },
    work: { args: [], withheld: [] },
    turnMs: 90_000,
  },
};
