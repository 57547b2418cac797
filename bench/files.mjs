/** A file read and written whole, of 1 KB, 1 MB and 50 MB. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { comparison } from './comparison.mjs';
import { onLoopback } from './loopback.mjs';
import { inRounds, timed, untilWarm } from './rounds.mjs';

const SIZES = { '1 KB': 1_000, '1 MB': 1_000_000, '50 MB': 50_000_000 };

export const files = () =>
  onLoopback(async (bench) => {
    const rows = [];
    const host = await bench.host();
    const local = await bench.local();
    for (const [size, bytes] of Object.entries(SIZES)) {
      const content = randomBytes(bytes);
      const path = join(bench.dir, 'content');
      const copy = join(bench.dir, 'copy');
      await writeFile(path, content);
      const subjects = (direction) =>
        subjectsOf(bench, { host, local, direction, content, path, copy });
      for (const direction of ['read', 'write']) {
        const samples = await inRounds(subjects(direction), { seconds: 4, least: 2 });
        if (direction === 'write' && !(await readFile(copy)).equals(content)) {
          throw new Error('what was written is not what is there');
        }
        const facts = { roundTripMs: bench.roundTripMs, what: `${direction} ${size}` };
        rows.push(...comparison(samples, facts, 'fresh ssh'));
      }
    }
    return rows;
  });

const subjectsOf = ({ roundTripMs, peers }, { host, local, direction, content, path, copy }) => {
  const onHost = (where) =>
    direction === 'read'
      ? () => where.files.read(path, { maxBytes: content.length })
      : () => where.files.write(copy, content);
  const byProcess = (way) =>
    direction === 'read'
      ? () => peers[way](`exec cat '${path}'`)
      : () => peers[way](`exec cat >'${copy}'`, content);
  return {
    'host.files': async () => {
      await untilWarm(roundTripMs);
      return timed(onHost(host));
    },
    'ssh by ControlMaster': () => timed(byProcess('controlMaster')),
    'fresh ssh': () => timed(byProcess('freshSsh')),
    'host.files on local': () => timed(onHost(local)),
    'local spawn': () => timed(byProcess('localSpawn')),
  };
};
