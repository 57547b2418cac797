/**
 * The long form of the chaos suite: `npm run chaos -- [--seed N] [--runs N] [--minutes N] [hosts|servers]`. Rounds of
 * faults follow each other, each with the next seed, until at each level so many runs were made and so many minutes are
 * over. Exits with 1 when anything was lost, doubled or left behind; what failed names its seed.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    runs: { type: 'string', default: '120' },
    minutes: { type: 'string', default: '0' },
  },
});
for (const [name, value] of Object.entries(values)) {
  if (/^\d+(\.\d+)?$/.test(value)) continue;
  console.error(`--${name} takes a number, not ${value}`);
  process.exit(2);
}

const node = (args, env = {}) =>
  spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  }).status === 0;

if (!node([join(root, 'scripts/setup.mjs')])) process.exit(1);
const passed = node(
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    ...['--selectProjects', 'chaos', '--runInBand', '--verbose'],
    ...positionals.map((level) => `test/chaos/${level}`),
  ],
  {
    MAESTRO_CHAOS: 'long',
    MAESTRO_CHAOS_SEED: values.seed,
    MAESTRO_CHAOS_RUNS: values.runs,
    MAESTRO_CHAOS_MINUTES: values.minutes,
  },
);
process.exit(passed ? 0 : 1);
