/** Compiles `src` to `dist`: TypeScript by swc, everything else as it is. Writes only what has changed. */
import { createHash } from 'node:crypto';
import {
  chmod,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'src');
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const command = join(dist, 'cli', 'maestro.js');

/** Whether `dist` was built from exactly the sources that are there now. */
export const isBuilt = async () =>
  (await readFile(stamp, 'utf8').catch(() => '')) === (await fingerprint());

export const build = async () => {
  const fingerprintBefore = await fingerprint();
  const outputs = new Map((await Promise.all((await filesIn(src)).map(outputsOf))).flat());
  for (const [path, content] of outputs) await writeIfChanged(path, content);
  for (const path of await filesIn(dist)) {
    // A draft belongs to a build that runs at the same time.
    if (path !== stamp && !outputs.has(path) && !path.endsWith('.draft')) await remove(path);
  }
  if (outputs.has(command)) await chmod(command, 0o755);
  // Sources that were edited meanwhile make the stamp stale, as they should.
  await writeFile(stamp, fingerprintBefore);
};

const fingerprint = async () => {
  const hash = createHash('sha256');
  const inputs = [...(await filesIn(src)), join(root, '.swcrc'), fileURLToPath(import.meta.url)];
  for (const path of inputs.sort()) {
    const { mtimeMs, size } = await stat(path);
    hash.update(`${relative(root, path)} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
};

const filesIn = async (directory) => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
};

/** Pairs of a path in `dist` and its content. */
const outputsOf = async (source) => {
  if (source.endsWith('.d.ts')) return [];
  const target = join(dist, relative(src, source));
  if (!source.endsWith('.ts')) return [[target, await readFile(source)]];
  const { transformFile } = await import('@swc/core');
  const path = target.replace(/\.ts$/, '.js');
  const { code, map } = await transformFile(source, {
    configFile: join(root, '.swcrc'),
    sourceFileName: relative(dirname(path), source),
  });
  return [
    [path, Buffer.from(`${code}//# sourceMappingURL=${basename(path)}.map\n`)],
    [`${path}.map`, Buffer.from(map)],
  ];
};

/** By rename: a server that starts meanwhile reads the old file or the new one, never half of one. */
const writeIfChanged = async (path, content) => {
  const current = await readFile(path).catch(() => null);
  if (current?.equals(content)) return;
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, content);
  await rename(draft, path);
};

const remove = async (path) => {
  await rm(path, { force: true });
  // The folder goes with its last file.
  await rmdir(dirname(path)).catch(() => undefined);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
