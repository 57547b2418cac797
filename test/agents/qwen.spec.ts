import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TurnRequest } from '../../src/agents/adapter.js';
import { QwenAdapter } from '../../src/agents/qwen/qwen-adapter.js';
import { qwenCli, qwenEnv } from '../support/agent-clis.js';
import { type Model, type ModelApi, startModelApi } from '../support/model-api.js';
import { type AgentRun, startAgent, turn } from '../support/run-agent.js';
import { scriptedModel } from '../support/scripted-model.js';
import { writingMcpServer } from '../support/writing-mcp-server.js';
import { isAlone } from './contract/network.js';

const program = qwenCli()?.path ?? null;
const lacks = program === null ? 'not installed, see scripts/install-agent-clis.mjs' : null;
const lack = lacks ?? (isAlone() ? null : 'no network of its own to keep it in');
const describeWithCli = lack === null ? describe : describe.skip;
const adapter = new QwenAdapter();

/** What the contract of all agents does not ask of it. */
describeWithCli(`The real Qwen Code${lack === null ? '' : ` (skipped: ${lack})`}`, () => {
  let api: ModelApi;
  let model: Model;
  let root: string;
  let project: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    model = scriptedModel;
    api = await startModelApi((asked) => model(asked));
    root = mkdtempSync(join(tmpdir(), 'maestro-qwen-'));
    project = join(root, 'project');
    mkdirSync(project);
    env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...qwenEnv(api.url, root) };
  });
  afterEach(async () => {
    await api.close();
    rmSync(root, { recursive: true, force: true });
  });

  const start = (prompt: string, more: Partial<TurnRequest> = {}): AgentRun =>
    startAgent(adapter, turn(prompt, { command: program, ...more }), { cwd: project, env });
  const file = (name: string): string => join(project, name);

  /** Its user and the project allow everything, each in all the ways that there are. */
  const allowEverything = (): void => {
    const approve = {
      hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow' },
    };
    const hook = `echo called >> ${join(root, 'hooks.txt')}; echo '${JSON.stringify(approve)}'`;
    const liberal = {
      permissions: { allow: ['run_shell_command', 'edit', 'write_file', 'mcp__putter__put'] },
      tools: { approvalMode: 'yolo' },
      memory: {
        enableManagedAutoMemory: true,
        enableManagedAutoDream: true,
        enableAutoSkill: true,
      },
      mcpServers: { putter: { ...writingMcpServer(root, project), trust: true } },
      hooks: { PreToolUse: [{ matcher: '*', hooks: [{ type: 'command', command: hook }] }] },
    };
    const path = join(root, '.qwen', 'settings.json');
    const own = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...own, ...liberal }));
    mkdirSync(file('.qwen'));
    writeFileSync(join(file('.qwen'), 'settings.json'), JSON.stringify(liberal));
  };
  const ownFiles = (): string[] => readdirSync(project).filter((name) => name.startsWith('by-'));
  const plan = (): string => readFileSync(file('PLAN.md'), 'utf8');
  const READS = ['glob', 'grep_search', 'list_directory', 'read_file', 'web_fetch'];

  it('writes nothing in a read-only turn, whatever its user, the project, hooks and a trusted server allow', async () => {
    allowEverything();
    writeFileSync(file('PLAN.md'), '- [ ] first\n');
    const script = [
      ...['%% bash echo x > by-bash.txt', `%% write ${file('by-write.txt')} :: x`],
      ...[`%% read ${file('PLAN.md')}`, `%% edit ${file('PLAN.md')} :: [ ] first :: [x] first`],
      ...['%% call mcp__putter__put', '%% say tried'],
    ].join('\n');
    const { outcome, state } = await start(script, { readOnly: true }).done;
    expect(outcome).toEqual({ kind: 'completed', text: 'tried' });
    const offered = new Set(api.requests.flatMap(({ tools }) => tools));
    expect([...offered].sort()).toEqual(READS);
    expect([ownFiles(), plan()]).toEqual([[], '- [ ] first\n']);
    // The hook that allows every tool was asked, and all of it can be done where it may write.
    expect(readFileSync(join(root, 'hooks.txt'), 'utf8')).toContain('called');
    const { providerSessionId } = state;
    expect((await start(script, { providerSessionId }).done).outcome.kind).toBe('completed');
    expect(ownFiles()).toEqual(['by-bash.txt', 'by-server.txt', 'by-write.txt']);
    expect(plan()).toBe('- [x] first\n');
    // And not in the turn behind that.
    for (const name of ownFiles()) rmSync(file(name));
    const again = start(script, { readOnly: true, providerSessionId });
    expect((await again.done).outcome).toEqual({ kind: 'completed', text: 'tried' });
    expect(ownFiles()).toEqual([]);
  }, 400_000);

  it('lets no agent of its own write down a skill behind a read-only turn', async () => {
    const skill = join(file('.qwen'), 'skills', 'pen', 'SKILL.md');
    const content = '---\nname: pen\ndescription: x\nsource: auto-skill\n---\nx';
    let lookedBack = false;
    model = (asked) => {
      const last = asked.messages.findLastIndex(({ content: [first] }) =>
        first?.text?.startsWith('Project skills directory: '),
      );
      if (last === -1) return scriptedModel(asked);
      lookedBack = true;
      const isOver = last < asked.messages.length - 1;
      const write = { name: 'Write', input: { file_path: skill, content } } as const;
      return { does: isOver ? { say: 'tried' } : write };
    };
    allowEverything();
    writeFileSync(file('PLAN.md'), '- [ ] first\n');
    // After so many tools it looks for what is worth keeping.
    const reads = Array<string>(20).fill(`%% read ${file('PLAN.md')}`);
    const script = [...reads, '%% say read'].join('\n');
    const reading = await start(script, { readOnly: true }).done;
    expect(reading.outcome).toEqual({ kind: 'completed', text: 'read' });
    expect([lookedBack, existsSync(skill)]).toEqual([true, false]);
    await start(script).done;
    expect(existsSync(skill)).toBe(true);
  }, 400_000);

  it('reads its prompt as it is: no file for an at sign, and no command of its own', async () => {
    writeFileSync(file('PLAN.md'), 'what the plan is');
    const prompt = '/clear git -c user.email=a@a @PLAN.md\n%% say read';
    expect((await start(prompt).done).outcome).toEqual({ kind: 'completed', text: 'read' });
    const [body = ''] = api.bodies;
    expect(body).toContain('/clear git -c user.email=a\\\\@a \\\\@PLAN.md');
    expect(body).not.toContain('what the plan is');
  }, 120_000);

  it('tells an error that its CLI calls a success from a model that says the same', async () => {
    const refused = await start('Please.\n%% err 401').done;
    expect(refused).toMatchObject({
      ...{ outcome: { kind: 'failed', failure: { code: 'agent/auth-failed' } }, shown: '' },
    });
    const text = '[API Error: 401 Incorrect API key provided]';
    expect(refused.stdout).toContain(text);
    const said = await start(`%% say ${text}`).done;
    expect(said).toMatchObject({ outcome: { kind: 'completed', text }, shown: text });
  }, 120_000);
});
