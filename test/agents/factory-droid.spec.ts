import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TurnRequest } from '../../src/agents/adapter.js';
import { FactoryDroidAdapter } from '../../src/agents/factory-droid/factory-droid-adapter.js';
import { droidCli, droidEnv } from '../support/agent-clis.js';
import { type Model, type ModelApi, startModelApi } from '../support/model-api.js';
import { type AgentRun, startAgent, turn } from '../support/run-agent.js';
import { scriptedModel } from '../support/scripted-model.js';
import { writingMcpServer } from '../support/writing-mcp-server.js';

const adapter = new FactoryDroidAdapter();
const program = droidCli()?.path ?? null;
const isChosen = (process.env['MAESTRO_TEST_AGENTS'] ?? '').split(',').includes('factory-droid');
const lacks = [
  ...(program === null ? ['not installed, see scripts/install-agent-clis.mjs'] : []),
  ...(isChosen ? [] : ['run by `npm run test:agents -- factory-droid`']),
].join('; ');
const describeChosen = lacks === '' ? describe : describe.skip;
const LIMIT_MS = 400_000;

/** What the contract of all agents does not ask of it. */
describeChosen(`The real Droid${lacks && ` (skipped: ${lacks})`}`, () => {
  let api: ModelApi;
  let model: Model;
  let root: string;
  let project: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    model = scriptedModel;
    api = await startModelApi((asked) => model(asked));
    root = mkdtempSync(join(tmpdir(), 'maestro-droid-'));
    project = join(root, 'project');
    mkdirSync(join(project, '.factory'), { recursive: true });
    env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...droidEnv(api.url, root) };
    writeFileSync(join(project, 'PLAN.md'), '- [ ] first\n');
  });
  afterEach(async () => {
    await api.close();
    rmSync(root, { recursive: true, force: true });
  });

  const start = (prompt: string, more: Partial<TurnRequest> = {}): AgentRun =>
    startAgent(adapter, turn(prompt, { command: program, ...more }), { cwd: project, env });
  const write = (path: string, content: object | string): void => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  };
  const ownFiles = (): string[] => readdirSync(project).filter((name) => name.startsWith('by-'));
  const plan = (): string => readFileSync(join(project, 'PLAN.md'), 'utf8');
  /** What the model could use since then. */
  const offered = (since = 0): string[] =>
    [...new Set(api.requests.slice(since).flatMap(({ tools }) => tools))].sort();

  /** Its user and the project allow everything, each in all the ways that there are. */
  const allowEverything = (): void => {
    const user = join(root, '.factory');
    const approve = {
      hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow' },
    };
    const hook = `echo called >> ${join(root, 'hooks.txt')}; echo '${JSON.stringify(approve)}'`;
    const liberal = {
      sessionDefaultSettings: { autonomyLevel: 'high', autonomyMode: 'auto-high' },
      ...{ autonomyMode: 'auto-high', maxAutonomyLevel: 'high', subagentAutonomyLevel: 'high' },
      ...{ commandAllowlist: ['echo', 'echo x > by-bash.txt'], commandDenylist: [] },
      builtInToolAutonomyOverrides: { Execute: 'low', Create: 'low', Edit: 'low', Task: 'low' },
      mcpAutonomyOverrides: { putter: { defaultLevel: 'low', tools: { put: 'low' } } },
      trustedFolders: { [project]: { trustedAt: new Date().toISOString() } },
      blockOnMcpLoad: true,
      hooks: { PreToolUse: [{ matcher: '*', hooks: [{ type: 'command', command: hook }] }] },
    };
    const own = JSON.parse(readFileSync(join(user, 'settings.json'), 'utf8')) as object;
    const server = { type: 'stdio', ...writingMcpServer(root, project), disabled: false };
    write(join(user, 'settings.json'), { ...own, ...liberal });
    for (const name of ['settings.json', 'settings.local.json']) {
      write(join(project, '.factory', name), liberal);
    }
    for (const folder of [user, join(project, '.factory')]) {
      write(join(folder, 'mcp.json'), { mcpServers: { putter: server } });
      write(join(folder, 'droids', 'writer.md'), WRITER);
      write(join(folder, 'skills', 'pen', 'SKILL.md'), PEN);
    }
  };

  const attempts = (): string =>
    [
      '%% bash echo x > by-bash.txt',
      `%% write ${join(project, 'by-write.txt')} :: x`,
      `%% read ${join(project, 'PLAN.md')}`,
      `%% edit ${join(project, 'PLAN.md')} :: - [ ] first :: - [x] first`,
      ...['%% call putter___put', '%% call Skill', '%% call Task', '%% say tried'],
    ].join('\n');

  it(
    'writes nothing in a read-only turn, whatever its user, the project, hooks and the turn before it allow',
    async () => {
      allowEverything();
      const begun = await start('%% say begun').done;
      expect(begun.outcome).toEqual({ kind: 'completed', text: 'begun' });
      expect(offered()).toEqual(expect.arrayContaining(['Execute', 'Create', 'Edit', 'Task']));
      for (const providerSessionId of [null, begun.state.providerSessionId]) {
        const asked = api.requests.length;
        const { outcome } = await start(attempts(), { readOnly: true, providerSessionId }).done;
        expect(outcome).toEqual({ kind: 'completed', text: 'tried' });
        expect(offered(asked)).toEqual(['Glob', 'Grep', 'LS', 'Read']);
        expect([ownFiles(), plan()]).toEqual([[], '- [ ] first\n']);
      }
      // The hook that allows every tool was asked, and all of it can be done where it may write.
      expect(readFileSync(join(root, 'hooks.txt'), 'utf8')).toContain('called');
      const { providerSessionId } = begun.state;
      const { outcome } = await start(attempts(), { providerSessionId }).done;
      expect(outcome.kind).toBe('completed');
      expect(ownFiles()).toEqual(['by-bash.txt', 'by-server.txt', 'by-write.txt']);
      expect(plan()).toBe('- [x] first\n');
    },
    LIMIT_MS,
  );

  it(
    'writes nothing in a read-only turn when an argument of its session lacks the value',
    async () => {
      model = ({ messages }) => {
        const isOver = messages.some(({ content }) =>
          content.some(({ type }) => type === 'tool_result'),
        );
        const call = { name: 'Bash', input: { command: 'echo x > by-bash.txt' } } as const;
        return { does: isOver ? { say: 'tried' } : call };
      };
      allowEverything();
      await start('Please.', { readOnly: true, args: ['--tag'] }).done;
      expect(api.requests.length).toBeGreaterThan(0);
      expect([offered(), ownFiles()]).toEqual([['Glob', 'Grep', 'LS', 'Read'], []]);
      await start('Please.', { args: ['--auto', 'high'] }).done;
      expect(ownFiles()).toEqual(['by-bash.txt']);
    },
    LIMIT_MS,
  );
});

const WRITER = `---
name: writer
description: Writes files
model: inherit
tools: ["Execute", "Create", "Edit"]
---
Write.
`;
const PEN = `---
name: pen
description: Writes
allowed-tools: Execute, Create
---
Run \`echo x > by-skill.txt\`.
`;
