/**
 * The test command: sets up what is missing, then runs every check. Ends with `N passed, N failed, N skipped`; exits 1 when
 * anything failed. `npm test -- unit hosts` runs only these tiers.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAgents, runTiers } from './jest-tiers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (path) => join(root, 'node_modules', path);
const node = (args) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;

const CHECKS = {
  types: [bin('typescript/bin/tsc'), '--noEmit'],
  lint: [bin('eslint/bin/eslint.js'), '.', '--max-warnings', '0'],
  format: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  boundaries: [
    bin('dependency-cruiser/bin/dependency-cruise.mjs'),
    '--config',
    '.dependency-cruiser.cjs',
    'src',
  ],
};

if (!node([join(root, 'scripts/setup.mjs')])) process.exit(1);
node([join(root, 'scripts/install-agent-clis.mjs')]);

const TIERS = ['unit', 'hosts', 'integration', 'agents', 'chaos', 'e2e'];
const tiers = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const add = (counts) => {
  for (const [name, count] of Object.entries(counts)) total[name] += count;
};

if (tiers.length === 0) {
  for (const [name, args] of Object.entries(CHECKS)) {
    console.log(`\n== ${name}`);
    add(node(args) ? { passed: 1 } : { failed: 1 });
  }
}

console.log('\n== tests');
const wanted = tiers.length > 0 ? tiers : TIERS;
const others = wanted.filter((tier) => tier !== 'agents');
if (others.length > 0) add(runTiers(others));
if (wanted.includes('agents')) add(runAgents());

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
