import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { sshdAvailable } from './sshd.js';

/** Where `scripts/install-agent-clis.mjs` puts the real CLIs. */
const INSTALLED = new URL('../../.cache/agents/node_modules/', import.meta.url).pathname;

/**
 * The real Claude Code of this platform; null when it was not installed, for example without a network.
 * MAESTRO_TEST_CLAUDE names another version to test with.
 */
export const claudeCli = (): { path: string } | null => {
  const chosen = process.env['MAESTRO_TEST_CLAUDE'];
  if (chosen) return { path: chosen };
  const { report } = process;
  const musl = process.platform === 'linux' && !isGlibc(report.getReport());
  const platform = `${process.platform}-${process.arch}${musl ? '-musl' : ''}`;
  const path = join(INSTALLED, `@anthropic-ai/claude-code-${platform}`, 'claude');
  return existsSync(path) ? { path } : null;
};

const isGlibc = (report: object): boolean =>
  JSON.stringify(report).includes('"glibcVersionRuntime"');

/**
 * Environment of Claude Code with which it uses only that model API, and reaches nothing else.
 *
 * @param home where it keeps its conversations
 */
export const claudeEnv = (modelApi: string, home: string): Record<string, string> => {
  const nowhere = 'http://127.0.0.1:9';
  return {
    HOME: home,
    ...{ ANTHROPIC_BASE_URL: modelApi, ANTHROPIC_API_KEY: 'sk-ant-zzzz' },
    ...{ CLAUDE_CODE_MAX_RETRIES: '0', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
    ...{ HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, http_proxy: nowhere, https_proxy: nowhere },
    ...{ NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' },
  };
};

/** A suite with the real Claude Code here and on a remote; skipped, with the reason, where one of them is lacking. */
export const describeClaude = (title: string, suite: (program: string) => void): void => {
  const program = claudeCli()?.path;
  const lacks = [
    ...(program === undefined ? ['not installed, see scripts/install-agent-clis.mjs'] : []),
    ...(sshdAvailable() ? [] : ['this machine has no sshd']),
  ];
  if (program === undefined || lacks.length > 0) {
    describe.skip(`${title} (skipped: ${lacks.join('; ')})`, () => {
      suite('');
    });
  } else {
    describe(title, () => {
      suite(program);
    });
  }
};
