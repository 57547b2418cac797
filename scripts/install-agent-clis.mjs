/**
 * Puts the real agent CLIs of the tests into `.cache/agents`, without any install script: those of `npm test`, those that
 * are named, or with `--all` every one. Does nothing when they are there; when one cannot be had (no network, no build for
 * this platform) it says why and ends well, and the tests that need it are skipped.
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

/** What `npm test` runs. */
const IN_EVERY_TEST = ['claude-code', 'codex'];

/** Each has a folder of its own: npm removes from a folder what it was not asked for. */
const WANTED = [
  {
    agents: ['claude-code', 'custom-claude'],
    label: 'Claude Code',
    // The native program itself.
    name: `@anthropic-ai/claude-code-${platform()}`,
    version: '2.1.197',
    folder: CACHE,
  },
  {
    agents: ['codex'],
    label: 'Codex',
    name: '@openai/codex',
    // It is no error for npm when this cannot be had.
    native: `@openai/codex-${process.platform}-${process.arch}`,
    version: '0.169.0',
    folder: `${CACHE}codex/`,
  },
  {
    agents: ['gemini-cli', 'acp-gemini'],
    label: 'Gemini CLI',
    name: '@google/gemini-cli',
    version: '0.61.0',
    folder: `${CACHE}gemini/`,
  },
  {
    agents: ['opencode', 'acp-opencode'],
    label: 'OpenCode',
    // The native program itself: without its install script, the package around it has none.
    name: `opencode-${platform()}`,
    version: '1.18.33',
    folder: `${CACHE}opencode/`,
  },
  {
    agents: ['factory-droid', 'custom-droid'],
    label: 'Droid',
    name: `@factory/cli-${process.platform}-${process.arch}`,
    version: '0.225.2',
    folder: `${CACHE}droid/`,
  },
  {
    agents: ['copilot-cli', 'acp-copilot'],
    label: 'Copilot CLI',
    // The native program itself: a signal to the loader around it does not reach it.
    name: `@github/copilot-${platform()}`,
    version: '1.0.102',
    folder: `${CACHE}copilot/`,
  },
  {
    agents: ['qwen'],
    label: 'Qwen Code',
    name: '@qwen-code/qwen-code',
    version: '0.15.10',
    folder: `${CACHE}qwen/`,
  },
  {
    agents: ['acp-claude'],
    label: 'Claude Agent',
    name: '@agentclientprotocol/claude-agent-acp',
    native: `@anthropic-ai/claude-agent-sdk-${platform()}`,
    version: '0.49.0',
    folder: `${CACHE}claude-agent-acp/`,
  },
  {
    agents: ['acp-codex'],
    label: 'codex-acp',
    name: '@agentclientprotocol/codex-acp',
    native: `@openai/codex-${process.platform}-${process.arch}`,
    version: '2.6.0',
    folder: `${CACHE}codex-acp/`,
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

/** @param agents by name; null means all */
export const installAgentClis = (agents = IN_EVERY_TEST) =>
  Promise.all(
    WANTED.filter((cli) => agents === null || cli.agents.some((agent) => agents.includes(agent)))
      .filter((cli) => !isInstalled(cli))
      .map(install),
  );

/** The one line of npm's complaint that says what happened. */
const reasonOf = ({ stderr, message }) => {
  const lines = String(stderr || message)
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim());
  const isDetail = (line) => /^(?:code|syscall|errno|path)\b|^$/.test(line);
  return lines.find((line) => !isDetail(line)) ?? 'npm failed';
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const named = process.argv.slice(2);
  await installAgentClis(named.includes('--all') ? null : named.length > 0 ? named : undefined);
}
