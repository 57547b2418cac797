import { existsSync } from 'node:fs';
import { join } from 'node:path';

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
