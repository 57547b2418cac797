import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AgentAdapter,
  AgentRegistry,
  detectAgent,
  detectAgents,
  listModels,
} from '../../../src/agents/index.js';
import { type Host, localHost } from '../../../src/hosts/index.js';

const registry = new AgentRegistry();
const node = { agent: 'demo', label: 'Node', program: 'node', versionArgs: ['--version'] } as const;

let dir: string;
let home: string;
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'maestro-detection-')));
  home = join(dir, 'home');
  await mkdir(join(home, '.local/bin'), { recursive: true });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** This machine, with a home of its own; and how often it was asked to run something. */
const aHost = (place = home) => {
  const environment = { PATH: process.env['PATH'], HOME: place, SHELL: '/bin/sh' };
  const host = localHost({ home: place, environment });
  const ran: string[][] = [];
  const watched: Pick<Host, 'name' | 'run' | 'environment'> = {
    name: 'devbox',
    run: (command, options) => {
      ran.push([...command.argv]);
      return host.run(command, options);
    },
    environment: (options) => host.environment(options),
  };
  return { host: watched, ran };
};

/** A program of that name in the PATH, and the adapter of an agent that looks for it. */
const programFor = async (
  adapter: AgentAdapter,
  name: string,
  script: string,
): Promise<AgentAdapter> => {
  const path = join(home, '.local/bin', name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return Object.assign(Object.create(adapter) as AgentAdapter, { program: name });
};

const said = async (adapter: AgentAdapter, name: string, script: string) => {
  const { login, account, version } = await detectAgent(
    aHost().host,
    await programFor(adapter, name, script),
  );
  return { login, account, version };
};

describe('Detection', () => {
  it('finds a program in the PATH, with its version', async () => {
    expect(await detectAgent(aHost().host, node)).toEqual({
      ...{ agent: 'demo', found: true, version: process.version },
      path: expect.stringMatching(/^\/.*\/node$/),
      ...{ login: 'unknown', account: null, error: null },
    });
  });

  it('finds it at the path that a session names', async () => {
    const { path, version } = await detectAgent(aHost().host, node, process.execPath);
    expect({ path, version }).toEqual({ path: process.execPath, version: process.version });
    await programFor(registry.get('demo'), 'at-home', 'echo 7');
    const atHome = await detectAgent(aHost().host, node, '~/.local/bin/at-home');
    expect(atHome).toMatchObject({ path: join(home, '.local/bin/at-home'), version: '7' });
  });

  it('takes a name that a shell would run for a name', async () => {
    for (const command of ['no-such-agent', '$(echo node)', '-v', '; echo /bin/sh', 'cd']) {
      expect(await detectAgent(aHost().host, node, command)).toMatchObject({
        ...{ found: false, path: null, login: 'unknown' },
        error: { message: expect.stringContaining('devbox') },
      });
    }
  });

  it('has found a program that will not tell its version', async () => {
    const silent = { ...node, versionArgs: ['-e', 'process.exit(3)'] };
    expect(await detectAgent(aHost().host, silent)).toMatchObject({ found: true, version: null });
  });

  it('asks a host once for all programs, and none of those that are not there', async () => {
    const adapters = registry.list().map((adapter, index) => ({
      ...{ agent: adapter.agent, label: adapter.label, versionArgs: adapter.versionArgs },
      ...(adapter.needsCommand && { needsCommand: true }),
      program: `no-such-agent-${index}`,
    }));
    const { host, ran } = aHost();
    const found = await detectAgents(host, adapters);
    expect(ran).toHaveLength(1);
    expect(found.map(({ agent }) => agent)).toEqual(
      adapters.filter(({ needsCommand }) => needsCommand !== true).map(({ agent }) => agent),
    );
    expect(found.every((each) => !each.found && each.error !== null)).toBe(true);
    const here = { ...node, program: 'node' };
    const order = await detectAgents(host, [{ ...here, program: 'nobody' }, here]);
    expect(order.map(({ path }) => path !== null)).toEqual([false, true]);
  });
  it('tells what it has found when one does not answer in time', async () => {
    const started = join(home, 'started');
    const hangs = await programFor(
      registry.get('codex'),
      'hangs',
      `: >'${started}'; exec sleep 600`,
    );
    const end = new AbortController();
    const found = detectAgents(aHost().host, [hangs, { ...node, program: 'nobody' }], end.signal);
    while (!existsSync(started)) await new Promise(setImmediate);
    end.abort();
    expect(await found).toMatchObject([
      { agent: 'codex', found: true, version: null, login: 'unknown', error: null },
      { found: false },
    ]);
  });
});

describe('The login of an agent', () => {
  const claude = registry.get('claude-code');
  const codex = registry.get('codex');
  const reading = (version: string, answer: string): string =>
    `case $1 in --version) echo '${version}';; *) ${answer};; esac`;

  it('is what Claude Code says of it', async () => {
    const status = (facts: object, code: number): string =>
      reading('2.1.330 (Claude Code)', `echo '${JSON.stringify(facts)}'; exit ${code}`);
    const account = { loggedIn: true, authMethod: 'claude.ai', email: 'ada@example.org' };
    expect(await said(claude, 'claude-1', status(account, 0))).toEqual({
      ...{ login: 'signed-in', account: 'ada@example.org', version: '2.1.330 (Claude Code)' },
    });
    const nobody = { loggedIn: false, authMethod: 'none' };
    expect(await said(claude, 'claude-2', status(nobody, 1))).toMatchObject({
      ...{ login: 'signed-out', account: null },
    });
    const other = reading('2.1.330', 'echo Usage; exit 1');
    expect(await said(claude, 'claude-3', other)).toMatchObject({ login: 'unknown' });
  });

  it('is not asked of a version that would take the question for a prompt', async () => {
    const asked = join(home, 'asked');
    const old = reading('2.1.9 (Claude Code)', `: >'${asked}'; echo '{"loggedIn":true}'`);
    expect(await said(claude, 'claude-old', old)).toMatchObject({ login: 'unknown' });
    await expect(realpath(asked)).rejects.toThrow('ENOENT');
    const young = reading('2.1.100 (Claude Code)', `echo '{"loggedIn":true}'`);
    expect(await said(claude, 'claude-young', young)).toMatchObject({ login: 'signed-in' });
  });

  it.each([
    ['signed-in', 'echo "Logged in using ChatGPT" >&2'],
    ['signed-out', 'echo "Not logged in" >&2; exit 1'],
    ['unknown', 'echo "Error loading configuration: config.toml" >&2; exit 1'],
    ['unknown', 'echo "error: unrecognized subcommand" >&2; exit 2'],
  ])('is %s by the exit code of Codex: %s', async (login, answer) => {
    const script = reading('codex-cli 0.169.0', answer);
    expect(await said(codex, 'codex-1', script)).toMatchObject({ login });
  });

  it.each([
    [
      'signed-in',
      '✓ Authentication Method: OpenAI-compatible Provider\n  Status: API key configured',
    ],
    ['signed-out', '⚠️  No authentication method configured.\nRun one of the following commands'],
    ['unknown', 'Unknown argument: status'],
  ])('is %s by the words of Qwen Code for people', async (login, words) => {
    const script = reading('0.15.10', `printf '%b\\n' '=== Authentication Status ===\n${words}'`);
    expect(await said(registry.get('qwen'), 'qwen-1', script)).toMatchObject({ login });
  });

  it.each([
    ['signed-in', '1 credentials\n1 environment variable'],
    ['signed-in', '0 credentials\n2 environment variables'],
    ['signed-out', '0 credentials'],
    ['unknown', 'Failed to read the file'],
  ])('is %s by what OpenCode counts: %s', (state, stderr) => {
    const { login } = registry.get('opencode');
    const said = { exitCode: 0, stdout: '', stderr };
    expect(login?.question?.read(said)).toEqual({ state, account: null });
  });

  it('is known from a variable where the CLI documents one', async () => {
    const gemini = registry.get('gemini-cli');
    expect(await said(gemini, 'gemini-1', 'echo 0.61.0')).toMatchObject({ login: 'unknown' });
    const elsewhere = join(dir, 'home with a key');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, '.profile'), 'export GEMINI_API_KEY=sk-zzzz\n');
    const { host } = aHost(elsewhere);
    const path = join(home, '.local/bin/gemini-1');
    expect(await detectAgent(host, gemini, path)).toMatchObject({ login: 'signed-in' });
  });
});

describe('The models of an agent', () => {
  const codex = registry.get('codex');
  const catalog = {
    models: [
      {
        ...{ slug: 'gpt-a', display_name: 'GPT A', visibility: 'list', context_window: 272_000 },
        supported_reasoning_levels: [{ effort: 'low' }, { effort: 'high' }],
      },
      { slug: 'reviewer', visibility: 'hide' },
      { slug: 'bare' },
    ],
  };

  it('are those that its CLI lists', async () => {
    const script = `[ "$1 $2" = 'debug models' ] && echo '${JSON.stringify(catalog)}'`;
    const adapter = await programFor(codex, 'codex-models', script);
    expect(await listModels(aHost().host, adapter)).toEqual([
      { id: 'gpt-a', name: 'GPT A', contextWindow: 272_000, effort: ['low', 'high'] },
      { id: 'bare', name: null, contextWindow: null, effort: null },
    ]);
  });

  it('are those of OpenCode, each with an object below its name', () => {
    const stdout = `opencode/pickle
{
  "name": "Pickle",
  "limit": {
    "context": 200000
  },
  "variants": {
    "high": {},
    "default": {},
    "low": {}
  }
}
own/bare
{
  "id": "bare"
}
`;
    const { models } = registry.get('opencode');
    expect(models?.read({ exitCode: 0, stdout, stderr: '' })).toEqual([
      { id: 'opencode/pickle', name: 'Pickle', contextWindow: 200_000, effort: ['low', 'high'] },
      { id: 'own/bare', name: null, contextWindow: null, effort: null },
    ]);
    expect(models?.read({ exitCode: 1, stdout, stderr: '' })).toBeNull();
  });

  it('are refused, with the reason, where there is no list', async () => {
    const refusal = async (adapter: AgentAdapter): Promise<unknown> =>
      listModels(aHost().host, adapter).catch((error: unknown) => error);
    expect(await refusal(registry.get('claude-code'))).toMatchObject({
      ...{ code: 'agent/unsupported', status: 422 },
    });
    const missing = Object.assign(Object.create(codex) as AgentAdapter, { program: 'nobody' });
    expect(await refusal(missing)).toMatchObject({ code: 'agent/command-not-found', status: 502 });
    const mute = await programFor(codex, 'codex-mute', 'echo "no such command"; exit 2');
    expect(await refusal(mute)).toMatchObject({ code: 'agent/protocol', status: 502 });
    const broken = await programFor(codex, 'codex-broken', '');
    await writeFile(join(home, '.local/bin/codex-broken'), '#!/no/such/interpreter\n');
    expect(await refusal(broken)).toMatchObject({ code: 'agent/interpreter-missing' });
  });
});
