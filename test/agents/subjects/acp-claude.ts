import { AcpAdapter } from '../../../src/agents/acp/acp-adapter.js';
import { claudeAcp, claudeEnv } from '../../support/agent-clis.js';
import { type Subject } from '../contract/subject.js';
import { recordedSessions, verdictsOf } from './acp-sessions.js';

export const acpClaude: Subject = {
  name: 'acp-claude',
  adapter: new AcpAdapter(),
  cli: 'Claude Agent (ACP)',
  version: '0.49.0',
  told: { streams: true, usage: 'turn', cost: true, reasoning: true, reset: 'minute' },
  recorded: recordedSessions({
    'acp-claude-agent-0.49': verdictsOf(),
    'acp-claude-agent-0.101': verdictsOf({
      ...{ 'err-529': null, 'err-ctx': null, 'tools-cancelled': null },
    }),
    // It gives up when it is refused something.
    'acp-claude-code-0.16': verdictsOf({ 'tools-reject': 'agent/permission-denied' }),
  }),
  real: {
    find: () => claudeAcp()?.path ?? null,
    inEveryTest: false,
    environment: claudeEnv,
    // Only a subscription is told when its limit resets.
    limitedAccount: { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-zzzz' },
    versionText: null,
    models: { usual: 'claude-opus-4-8', other: 'claude-haiku-4-5-20251001', otherNamed: 'haiku' },
    tools: { shell: 'execute', read: 'read', write: 'edit', edit: 'edit' },
    usage: { inputTokens: 700, outputTokens: 20, cacheReadTokens: 300, cacheWriteTokens: 50 },
    writesNothing: true,
    unknownSessionId: '00000000-0000-4000-8000-000000000000',
    exceptions: {},
    work: { args: [], withheld: [] },
    turnMs: 90_000,
  },
};
