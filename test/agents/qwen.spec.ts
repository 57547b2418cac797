import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TurnRequest } from '../../src/agents/adapter.js';
import { QwenAdapter } from '../../src/agents/qwen/qwen-adapter.js';
import { qwenCli, qwenEnv } from '../support/agent-clis.js';
import { type ModelApi, startModelApi } from '../support/model-api.js';
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
  let root: string;
  let project: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    api = await startModelApi(scriptedModel);
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

  it('writes nothing in a read-only turn, whatever its user has allowed', async () => {
    const path = join(root, '.qwen', 'settings.json');
    const settings = {
      ...(JSON.parse(readFileSync(path, 'utf8')) as object),
      permissions: { allow: ['run_shell_command', 'edit', 'write_file', 'mcp__putter__put'] },
      tools: { approvalMode: 'yolo' },
      mcpServers: { putter: { ...writingMcpServer(root, project), trust: true } },
    };
    writeFileSync(path, JSON.stringify(settings));
    writeFileSync(file('PLAN.md'), '- [ ] first\n');
    const script = [
      ...['%% bash echo x > by-bash.txt', `%% write ${file('by-write.txt')} :: x`],
      ...[`%% read ${file('PLAN.md')}`, `%% edit ${file('PLAN.md')} :: [ ] first :: [x] first`],
      '%% say tried',
    ].join('\n');
    const { outcome, state } = await start(script, { readOnly: true }).done;
    expect(outcome).toEqual({ kind: 'completed', text: 'tried' });
    const reads = ['glob', 'grep_search', 'list_directory', 'read_file', 'web_fetch'];
    expect([...(api.requests[0]?.tools ?? [])].sort()).toEqual(reads);
    expect(readdirSync(project)).toEqual(['PLAN.md']);
    expect(readFileSync(file('PLAN.md'), 'utf8')).toBe('- [ ] first\n');
    // All of it can be done where it may write.
    const { providerSessionId } = state;
    expect((await start(script, { providerSessionId }).done).outcome.kind).toBe('completed');
    expect(readdirSync(project).sort()).toEqual(['PLAN.md', 'by-bash.txt', 'by-write.txt']);
    expect(readFileSync(file('PLAN.md'), 'utf8')).toBe('- [x] first\n');
  }, 180_000);

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
