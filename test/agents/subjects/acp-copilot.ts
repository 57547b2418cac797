import { AcpAdapter } from '../../../src/agents/acp/acp-adapter.js';
import { copilotCli, copilotEnv } from '../../support/agent-clis.js';
import { type Subject } from '../contract/subject.js';
import { recordedSessions, verdictsOf } from './acp-sessions.js';

const OFFERS_NONE = {
  because: 'it offers none where the provider is not its own',
  ends: 'agent/unsupported',
};
const NOT_ALLOWED = 'agent/permission-denied';

export const acpCopilot: Subject = {
  name: 'acp-copilot',
  adapter: new AcpAdapter(),
  cli: 'Copilot CLI (ACP)',
  version: '1.0.102',
  told: { streams: true, usage: 'turn', cost: false, reasoning: true, reset: 'no' },
  recorded: recordedSessions(
    {
      // It gives up when it is refused something.
      'acp-copilot-1.0.102': verdictsOf({
        ...{ 'tools-reject': NOT_ALLOWED, 'tools-cancelled': NOT_ALLOWED },
      }),
    },
    { 'read-only': { none: 'it was recorded in a mode in which it gives up when it is refused' } },
  ),
  real: {
    find: () => copilotCli()?.path ?? null,
    inEveryTest: false,
    environment: copilotEnv,
    args: ['--acp'],
    versionText: /^GitHub Copilot CLI 1\.0\.102/,
    models: { usual: 'claude-sonnet-4.5', other: 'claude-sonnet-4.6' },
    tools: { shell: 'execute', read: 'read', write: 'edit', edit: 'edit' },
    usage: { inputTokens: 750, outputTokens: 20, cacheReadTokens: 300 },
    writesNothing: true,
    unknownSessionId: '00000000-0000-4000-8000-000000000000',
    exceptions: { model: OFFERS_NONE, effort: OFFERS_NONE },
    work: { args: [], withheld: [] },
    turnMs: 90_000,
  },
};
