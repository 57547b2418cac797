/**
 * Puts the real agent CLIs of the tests into `.cache/agents`, without any install script. Does nothing when they are
 * there; when one cannot be had (no network, no build for this platform) it says why and ends well, and the tests that
 * need it are skipped.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CACHE = fileURLToPath(new URL('../.cache/agents/', import.meta.url));
const LIMIT_MS = 300_000;

const platform = () => {
  const glibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
  const musl = process.platform === 'linux' && !glibc ? '-musl' : '';
  return `${process.platform}-${process.arch}${musl}`;
};

/** Each has a folder of its own: npm removes from a folder what it was not asked for. */
const WANTED = [
  {
    label: 'Claude Code',
    // The native program itself.
    name: `@anthropic-ai/claude-code-${platform()}`,
    version: '2.1.197',
    folder: CACHE,
  },
  {
    label: 'Codex',
    name: '@openai/codex',
    // It is no error for npm when this cannot be had.
    native: `@openai/codex-${process.platform}-${process.arch}`,
    version: '0.169.0',
    folder: `${CACHE}codex/`,
  },
  {
    label: 'Gemini CLI',
    name: '@google/gemini-cli',
    version: '0.61.0',
    folder: `${CACHE}gemini/`,
  },
];

const isInstalled = ({ name, native = name, version, folder }) => {
  const manifest = `${folder}node_modules/${name}/package.json`;
  if (!existsSync(manifest) || !existsSync(`${folder}node_modules/${native}`)) return false;
  return JSON.parse(readFileSync(manifest, 'utf8')).version === version;
};

const install = async (cli) => {
  const { label, name, version, folder } = cli;
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  // Without a network there is nothing to wait for: npm's own retries take more than a minute.
  const brief = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
  const command = ['install', '--prefix', folder, ...quiet, ...brief, `${name}@${version}`];
  try {
    await mkdir(folder, { recursive: true });
    await promisify(execFile)('npm', command, { timeout: LIMIT_MS });
    if (!isInstalled(cli)) throw new Error('there is no build of it for this platform');
  } catch (error) {
    console.log(`Tests with the real ${label} will be skipped: ${reasonOf(error)}`);
  }
};

export const installAgentClis = () =>
  Promise.all(WANTED.filter((cli) => !isInstalled(cli)).map(install));

/** The one line of npm's complaint that says what happened. */
const reasonOf = ({ stderr, message }) => {
  const lines = String(stderr || message)
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim());
  const isDetail = (line) => /^(?:code|syscall|errno|path)\b|^$/.test(line);
  return lines.find((line) => !isDetail(line)) ?? 'npm failed';
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await installAgentClis();
