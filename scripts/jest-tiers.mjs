/** Runs Jest over tiers of the tests, and counts. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownNetwork, scrubbed } from './own-network.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  join(root, 'node_modules/jest/bin/jest.js'),
];

/** How many tests of these tiers have passed, failed and were skipped. */
export const runTiers = (tiers, more = []) => {
  const args = tiers.length > 0 ? [...more, '--selectProjects', ...tiers] : more;
  return counted(args, (all) => spawnSync(process.execPath, all, { cwd: root, stdio: 'inherit' }));
};

/** The tier of the real CLIs: in a network of its own where this machine can give one, with nothing of its environment. */
export const runAgents = (more = []) => {
  const home = mkdtempSync(join(tmpdir(), 'maestro-agents-home-'));
  const within = ownNetwork() ?? [];
  if (within.length === 0) console.log('No network of its own for the real CLIs: proxies only.');
  try {
    return counted([...more, '--selectProjects', 'agents'], (all) => {
      const [program, ...args] = [...within, process.execPath, ...all];
      return spawnSync(program, args, { cwd: root, stdio: 'inherit', env: scrubbed(home) });
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

const counted = (args, run) => {
  const report = join(root, '.cache', `jest-report-${process.pid}.json`);
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  run([...JEST, '--json', '--outputFile', report, ...args]);
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(report, { force: true });
  const flaky = result.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status, invocations }) => status === 'passed' && invocations > 1),
  );
  for (const { fullName } of flaky) console.log(`flaky, passed at the second try: ${fullName}`);
  return {
    passed: result.numPassedTests,
    // A suite that could not even start has no test to count.
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
  };
};
