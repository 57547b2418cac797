/** Runs the benchmarks named on the command line, or all; prints a table and writes `bench/results/NAME.json`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dispatch } from './dispatch.mjs';

const BENCHMARKS = { dispatch };

const names = process.argv.slice(2);
const results = new URL('./results/', import.meta.url);
await mkdir(results, { recursive: true });
for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
  const benchmark = BENCHMARKS[name];
  if (!benchmark)
    throw new Error(`There is no benchmark ${name}; there are: ${Object.keys(BENCHMARKS)}`);
  const result = await benchmark();
  await writeFile(new URL(`${name}.json`, results), `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\n${name}`);
  if (result.skipped) console.log(`  skipped: ${result.skipped}`);
  else console.table(result.rows.map(flatten));
}

/** One level of keys, for the table. */
function flatten(row) {
  return Object.fromEntries(
    Object.entries(row).flatMap(([key, value]) =>
      typeof value === 'object'
        ? Object.entries(value).map(([inner, number]) => [`${key} ${inner}`, number])
        : [[key, value]],
    ),
  );
}
