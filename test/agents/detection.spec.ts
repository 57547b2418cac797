import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AgentName, AgentRegistry, detectAgents, listModels } from '../../src/agents/index.js';
import { type Host, localHost } from '../../src/hosts/index.js';
import { claudeCli, codexCli, geminiCli } from '../support/agent-clis.js';

const registry = new AgentRegistry();
const INSTALLED: readonly (readonly [AgentName, string])[] = (
  [
    ['claude-code', claudeCli()],
    ['codex', codexCli()],
    ['gemini-cli', geminiCli()],
  ] as const
).flatMap(([agent, cli]) => (cli ? [[agent, cli.path] as const] : []));

/** Where nobody answers: whatever these CLIs would ask the network for is refused at once. */
const NO_NETWORK = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']
  .map((name) => `export ${name}=http://127.0.0.1:9\n`)
  .join('');

const suite = INSTALLED.length > 0 ? describe : describe.skip;
const none =
  INSTALLED.length > 0 ? '' : ' (skipped: none is installed, see scripts/install-agent-clis.mjs)';

suite(`The real CLIs on a host${none}`, () => {
  let home: string;
  let host: Host;
  beforeEach(async () => {
    home = await realpath(await mkdtemp(join(tmpdir(), 'maestro-clis-')));
    await mkdir(join(home, '.local/bin'), { recursive: true });
    for (const [agent, path] of INSTALLED) {
      await symlink(path, join(home, '.local/bin', registry.get(agent).program));
    }
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const open = async (profile = ''): Promise<void> => {
    await writeFile(join(home, '.profile'), NO_NETWORK + profile);
    const path = `${join(process.execPath, '..')}:/usr/bin:/bin`;
    host = localHost({ home, environment: { PATH: path, HOME: home, SHELL: '/bin/sh' } });
  };
  /** The first start of such a program reads hundreds of megabytes: on a slow disk for longer than detection waits. */
  const warmUp = async (): Promise<void> => {
    for (const [agent] of INSTALLED) {
      const { program, versionArgs } = registry.get(agent);
      await host.run({ argv: [program, ...versionArgs] }, { timeoutMs: 90_000 });
    }
  };
  const detected = async () => {
    await warmUp();
    const adapters = INSTALLED.map(([agent]) => registry.get(agent));
    const found = await detectAgents(host, adapters);
    expect(found.filter(({ path }) => path === null)).toEqual([]);
    // Beginning with a number, or with the name of the CLI before it.
    for (const { version } of found) expect(version).toMatch(/\d+\.\d+\.\d+/);
    // Keys are nobody's business.
    expect(JSON.stringify(found)).not.toContain('sk-');
    return Object.fromEntries(found.map(({ agent, login }) => [agent, login]));
  };
  const ofInstalled = (logins: Partial<Record<AgentName, string>>): object =>
    Object.fromEntries(INSTALLED.map(([agent]) => [agent, logins[agent]]));

  it('tell that nobody is signed in, where they can', async () => {
    await open();
    expect(await detected()).toEqual(
      ofInstalled({
        ...{ 'claude-code': 'signed-out', codex: 'signed-out' },
        ...{ 'gemini-cli': 'unknown' },
      }),
    );
  }, 300_000);

  it('tell that somebody is signed in, and never the key', async () => {
    await open(
      ['ANTHROPIC_API_KEY', 'GEMINI_API_KEY'].map((name) => `export ${name}=sk-zzzz\n`).join(''),
    );
    await mkdir(join(home, '.codex'));
    await writeFile(join(home, '.codex/auth.json'), '{"OPENAI_API_KEY":"sk-zzzz"}');
    expect(await detected()).toEqual(
      ofInstalled({
        ...{ 'claude-code': 'signed-in', codex: 'signed-in' },
        ...{ 'gemini-cli': 'signed-in' },
      }),
    );
  }, 300_000);

  const codexIt = codexCli() ? it : it.skip;
  codexIt(
    'list their models: Codex',
    async () => {
      await open();
      const models = await listModels(host, registry.get('codex'));
      const known = models.find(({ id }) => id === 'gpt-5.5');
      expect(known).toMatchObject({ name: 'GPT-5.5', effort: expect.arrayContaining(['high']) });
      expect(models.every(({ contextWindow }) => (contextWindow ?? 0) > 0)).toBe(true);
      // What a session may be told is what some model knows.
      const { effort } = registry.get('codex').capabilities;
      expect(effort).toEqual(expect.arrayContaining([...(known?.effort ?? ['?'])]));
    },
    300_000,
  );
});
