/**
 * Puts the real agent CLIs of the tests into `.cache/agents`: only the platform packages, which are the native
 * programs themselves and need no install scripts. Does nothing when they are there; when they cannot be had
 * (no network, no build for this platform) it says why and ends well, and the tests that need them are skipped.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CLAUDE_CODE = '2.1.197';
const CACHE = fileURLToPath(new URL('../.cache/agents/', import.meta.url));
const LIMIT_MS = 300_000;

const platform = () => {
  const glibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
  const musl = process.platform === 'linux' && !glibc ? '-musl' : '';
  return `${process.platform}-${process.arch}${musl}`;
};

const installed = (name, version) => {
  const manifest = `${CACHE}node_modules/${name}/package.json`;
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
};

export const installAgentClis = async () => {
  const name = `@anthropic-ai/claude-code-${platform()}`;
  if (installed(name, CLAUDE_CODE)) return;
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  // Without a network there is nothing to wait for: npm's own retries take more than a minute.
  const brief = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
  const install = ['install', '--prefix', CACHE, ...quiet, ...brief, `${name}@${CLAUDE_CODE}`];
  try {
    await mkdir(CACHE, { recursive: true });
    await promisify(execFile)('npm', install, { timeout: LIMIT_MS });
  } catch (error) {
    console.log(`Tests with the real Claude Code will be skipped: ${reasonOf(error)}`);
  }
};

/** The one line of npm's complaint that says what happened. */
const reasonOf = ({ stderr, message }) => {
  const lines = String(stderr || message)
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim());
  const isDetail = (line) => /^(?:code|syscall|errno|path)\b|^$/.test(line);
  return lines.find((line) => !isDetail(line)) ?? 'npm failed';
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await installAgentClis();
