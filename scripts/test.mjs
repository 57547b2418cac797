/**
 * The test command: sets up what is missing, then runs every check. Ends with `N passed, N failed, N skipped`; exits 1 when
 * anything failed. `npm test -- unit hosts` runs only these tiers.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

const tiers = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;

if (tiers.length === 0) {
  for (const [name, args] of Object.entries(CHECKS)) {
    console.log(`\n== ${name}`);
    if (node(args)) passed += 1;
    else failed += 1;
  }
}

console.log('\n== tests');
const report = join(root, '.cache', 'jest-report.json');
mkdirSync(dirname(report), { recursive: true });
rmSync(report, { force: true });
node([
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  bin('jest/bin/jest.js'),
  '--json',
  '--outputFile',
  report,
  ...(tiers.length > 0 ? ['--selectProjects', ...tiers] : []),
]);
if (existsSync(report)) {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed += result.numPassedTests;
  // A suite that could not even start has no test to count.
  failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  skipped += result.numPendingTests + result.numTodoTests;
  const flaky = result.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status, invocations }) => status === 'passed' && invocations > 1),
  );
  for (const { fullName } of flaky) console.log(`flaky, passed at the second try: ${fullName}`);
} else failed += 1;

console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 ? 0 : 1);
