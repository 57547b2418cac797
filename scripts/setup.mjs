/**
 * Makes a clone ready to run: right Node, dependencies installed, sources compiled. Does nothing when all is done.
 * Runs before anything is installed and must say its piece on an old Node: builtins and plain syntax only.
 */
import { spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'fs';
import { basename, dirname, join, resolve } from 'path';
import { fileURLToPath } from 'url';

const here = fileURLToPath(import.meta.url);
const root = resolve(dirname(here), '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.maestro-setup');
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null);

class SetupFailed extends Error {}

export const setUp = async () => {
  checkNode();
  if (!isInstalled())
    await alone(() => isInstalled() || step('Installing the dependencies', install));
  const { build, isBuilt } = await import('./build.mjs');
  if (!(await isBuilt())) await step('Compiling', build);
};

/** Two installations at once (`npm start` and `npm test` in two terminals) would ruin each other. */
const alone = async (work) => {
  const lock = join(root, '.cache', 'setup.lock');
  mkdirSync(dirname(lock), { recursive: true });
  while (!taken(lock)) await new Promise((done) => setTimeout(done, 200));
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
};

const taken = (lock) => {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = Number(read(lock));
  // Empty: its holder is just writing the number.
  if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
  return false;
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** On stderr: what the command itself has to say goes to stdout. */
const step = async (name, work) => {
  const start = Date.now();
  process.stderr.write(`${name} ... `);
  try {
    await work();
  } catch (error) {
    process.stderr.write('failed\n');
    throw error;
  }
  process.stderr.write(`done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
};

const checkNode = () => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const have = process.versions.node.split('.').map(Number);
  if (engines.node.split('||').some((range) => inRange(have, range.trim()))) return;
  throw new SetupFailed(
    `maestro-server needs Node.js ${engines.node.replace(/\|\|/g, 'or')}; this is ${process.versions.node} (${process.execPath}).\n` +
      'Install a current one: https://nodejs.org/en/download, "nvm install 24", or "brew install node".\n' +
      "A distribution's own package may be too old (Debian 12 has 18). Then run this command again.",
  );
};

/** The two forms that engines uses: ^1.2.3 and >=1.2.3. */
const inRange = (have, range) => {
  const least = range
    .replace(/^[^\d]*/, '')
    .split('.')
    .map(Number);
  if (range.startsWith('^') && have[0] !== least[0]) return false;
  const at = [0, 1, 2].find((part) => have[part] !== least[part]);
  return at === undefined || have[at] > least[at];
};

const wanted = () => {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const platform = `${process.platform}-${process.arch}`;
  return `${createHash('sha256').update(lock).digest('hex')} ${process.version} ${platform}\n`;
};

const isInstalled = () => {
  if (read(stamp) === wanted()) return true;
  if (existsSync(stamp) || !installedByHand()) return false;
  writeFileSync(stamp, wanted());
  return true;
};

/** Whether a plain `npm ci` has been here: npm's own record of what it put into node_modules says so. */
const installedByHand = () => {
  const record = read(join(modules, '.package-lock.json'));
  if (record === null) return false;
  const installed = JSON.parse(record).packages;
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(locked).every((path) => {
    if (path === '') return true;
    const { version, optional, os, cpu, libc } = locked[path];
    if (installed[path]) return installed[path].version === version && existsSync(join(root, path));
    // Those of other platforms, and what only they need, are left out.
    const madeForUs =
      os && os.includes(process.platform) && cpu && cpu.includes(process.arch) && !libc;
    return Boolean(optional) && !madeForUs;
  });
};

const install = () => {
  const [program, ...first] = npm();
  // NODE_ENV=production would leave out what the build needs. No package here needs its install script.
  const flags = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--include=dev',
    '--include=optional',
  ];
  const { status, error, stdout, stderr } = spawnSync(program, [...first, 'ci', ...flags], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error && error.code === 'ENOENT') {
    throw new SetupFailed(
      'npm was not found. It comes with Node.js (https://nodejs.org/en/download); on Debian: apt install npm.',
    );
  }
  if (error) throw error;
  if (status !== 0) throw new SetupFailed(`npm ci failed:\n${stdout}${stderr}`);
  writeFileSync(stamp, wanted());
};

/** The npm that runs us, else the one on the PATH. */
const npm = () => {
  const running = process.env.npm_execpath;
  return running && /^npm(-cli)?\.c?js$/.test(basename(running))
    ? [process.execPath, running]
    : ['npm'];
};

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(here)) {
  setUp().catch((error) => {
    process.stderr.write(`${error instanceof SetupFailed ? error.message : error.stack}\n`);
    process.exitCode = 1;
  });
}
