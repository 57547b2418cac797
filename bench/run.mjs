/** Runs the benchmarks named on the command line, or all; prints a table and writes `bench/results/NAME.json`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { dispatch } from './dispatch.mjs';
import { durableStart } from './durable-start.mjs';
import { exec } from './exec.mjs';
import { files } from './files.mjs';
import { judged } from './targets.mjs';
import { throughput } from './throughput.mjs';

const BENCHMARKS = { exec, 'durable-start': durableStart, throughput, files, dispatch };

const names = process.argv.slice(2);
const results = new URL('./results/', import.meta.url);
await mkdir(results, { recursive: true });
for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
  const benchmark = BENCHMARKS[name];
  if (!benchmark)
    throw new Error(`There is no benchmark ${name}; there are: ${Object.keys(BENCHMARKS)}`);
  const machine = {
    node: process.version,
    cpus: availableParallelism(),
    loadBefore: loadavg()[0],
    at: new Date().toISOString(),
  };
  const startedAt = performance.now();
  const result = await benchmark();
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const targets = result.skipped ? [] : judged(name, result.rows);
  await writeFile(
    new URL(`${name}.json`, results),
    `${JSON.stringify({ name, machine, seconds, targets, ...result }, null, 2)}\n`,
  );
  console.log(`\n${name} (${seconds} s)`);
  if (result.skipped) console.log(`  skipped: ${result.skipped}`);
  else console.table(result.rows);
  if (targets.length > 0) console.table(targets);
}
