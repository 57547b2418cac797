import { claudeEnv, describeClaude } from '../support/agent-clis.js';
import { workOf } from './work.contract.js';

describeClaude('Work of the real Claude Code', (command) => {
  const withheld = ['Bash', 'Edit', 'Write'];
  workOf({ agent: 'claude-code', command, environment: claudeEnv, args: [], withheld });
});
