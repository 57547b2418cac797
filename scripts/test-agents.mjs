/**
 * The agents with the real CLIs. `npm run test:agents -- codex` installs and tries one, `-- --all` every one, and whatever
 * else is tried with them; `--table` writes what their contract has shown into docs/agents.md. Ends with 1 when a test has
 * failed, or when one that was asked for could not be tried.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shownFolder, writeAgentsTable } from './agents-table.mjs';
import { installAgentClis } from './install-agent-clis.mjs';
import { runAgents } from './jest-tiers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SPEC = '.spec.ts';
const known = readdirSync(join(root, 'test/agents/contract'))
  .filter((name) => name.endsWith(SPEC))
  .map((name) => name.slice(0, -SPEC.length));

const args = process.argv.slice(2);
const named = args.filter((arg) => !arg.startsWith('--'));
const unknown = named.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. There are: ${known.join(', ')}`);
  process.exit(2);
}
const isAll = args.includes('--all');
const chosen = isAll ? known : named;

const { status } = spawnSync(process.execPath, [join(root, 'scripts/setup.mjs')], {
  ...{ cwd: root, stdio: 'inherit' },
});
if (status !== 0) process.exit(1);
await installAgentClis(isAll ? null : chosen.length > 0 ? chosen : undefined);
process.env.MAESTRO_TEST_AGENTS = chosen.join(',');
// Nothing of an earlier run counts.
rmSync(shownFolder(root), { recursive: true, force: true });
const paths = isAll ? [] : named.map((name) => `test/agents/(contract/)?${name}\\.spec\\.ts$`);
const { passed, failed, skipped } = runAgents(paths);
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
if (failed > 0) process.exit(1);
if (args.includes('--table')) writeAgentsTable(root, chosen);
const untried = chosen.filter((name) => !existsSync(join(shownFolder(root), `${name}.json`)));
if (untried.length > 0) {
  console.error(`Not tried, see above: ${untried.join(', ')}`);
  process.exit(1);
}
