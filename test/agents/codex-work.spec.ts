import { codexEnv, describeCodex } from '../support/agent-clis.js';
import { workOf } from './work.contract.js';

describeCodex('Work of the real Codex', (command) => {
  // Its sandbox lets nobody commit; and it is the sandbox that keeps a read-only turn from writing.
  const args = ['--sandbox', 'danger-full-access'];
  workOf({ agent: 'codex', command, environment: codexEnv, args, withheld: [] });
});
