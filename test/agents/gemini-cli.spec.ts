import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TurnRequest } from '../../src/agents/adapter.js';
import { GeminiCliAdapter } from '../../src/agents/gemini-cli/gemini-cli-adapter.js';
import { geminiCli, geminiEnv } from '../support/agent-clis.js';
import { type ModelApi, startModelApi } from '../support/model-api.js';
import { type AgentRun, startAgent, turn } from '../support/run-agent.js';
import { scriptedModel } from '../support/scripted-model.js';

const program = geminiCli()?.path ?? null;
const adapter = new GeminiCliAdapter();
const describeWithCli = program === null ? describe.skip : describe;
const why = program === null ? ' (skipped: not installed, see scripts/install-agent-clis.mjs)' : '';

describeWithCli(`The real Gemini CLI${why}`, () => {
  let api: ModelApi;
  let root: string;
  let project: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    api = await startModelApi(scriptedModel);
    root = mkdtempSync(join(tmpdir(), 'maestro-gemini-'));
    project = join(root, 'project');
    mkdirSync(project);
    // Nothing of this machine gets in, and nothing but the model API can be reached.
    env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...geminiEnv(api.url, root) };
  });
  afterEach(async () => {
    await api.close();
    rmSync(root, { recursive: true, force: true });
  });

  const start = (prompt: string, more: Partial<TurnRequest> = {}): AgentRun => {
    const request = turn(prompt, { command: program, ...more });
    return startAgent(adapter, request, { cwd: project, env });
  };
  const file = (name: string): string => join(project, name);
  const toolsOf = ({ facts }: AgentRun): string[] =>
    facts.flatMap((fact) => (fact.type === 'tool' ? [`${fact.name} ${fact.phase}`] : []));

  it('edits files and runs commands with nobody there to allow it, after a read-only turn too', async () => {
    const { state } = await start('%% say first', { readOnly: true }).done;
    const plan = file('PLAN.md');
    writeFileSync(plan, '- [ ] first\n');
    const script = [`%% read ${plan}`, `%% edit ${plan} :: - [ ] first :: - [x] first`];
    const more = ['%% bash echo made > made.txt', '%% bash exit 3', '%% say done'];
    const run = start([...script, ...more].join('\n'), {
      providerSessionId: state.providerSessionId,
    });
    expect((await run.done).outcome).toEqual({ kind: 'completed', text: 'done' });
    expect(readFileSync(plan, 'utf8')).toBe('- [x] first\n');
    expect(readFileSync(file('made.txt'), 'utf8')).toBe('made\n');
    expect(toolsOf(run)).toEqual([
      ...['read_file started', 'read_file completed', 'replace started', 'replace completed'],
      ...['run_shell_command started', 'run_shell_command completed'],
      ...['run_shell_command started', 'run_shell_command failed'],
    ]);
  });

  it('writes nothing in a read-only turn, in which it has no tool for it', async () => {
    const plan = file('PLAN.md');
    writeFileSync(plan, '- [ ] first\n');
    const script = [
      ...['%% bash echo x > by-bash.txt', `%% write ${file('by-write.txt')} :: x`],
      `%% edit ${plan} :: - [ ] first :: - [x] first`,
      ...[`%% read ${plan}`, '%% say tried'],
    ].join('\n');
    const run = start(script, { readOnly: true });
    expect((await run.done).outcome).toEqual({ kind: 'completed', text: 'tried' });
    expect(toolsOf(run).filter((told) => !told.endsWith('started'))).toEqual([
      ...['run_shell_command failed', 'write_file failed', 'replace failed'],
      'read_file completed',
    ]);
    expect(readdirSync(project)).toEqual(['PLAN.md']);
    expect(readFileSync(plan, 'utf8')).toBe('- [ ] first\n');
    const offered = api.requests.flatMap(({ tools }) => tools);
    expect(offered).toContain('read_file');
    for (const tool of ['run_shell_command', 'write_file', 'replace']) {
      expect(offered).not.toContain(tool);
    }
  });

  it('lets the model plan in a read-only turn, and so be done with it, unless its settings say no', async () => {
    const offered = async (): Promise<string[]> => {
      await start('%% say read', { readOnly: true }).done;
      return api.requests.at(-1)?.tools ?? [];
    };
    expect(await offered()).toContain('enter_plan_mode');
    const path = join(root, '.gemini', 'settings.json');
    const settings = JSON.parse(readFileSync(path, 'utf8')) as { general: object };
    const general = { ...settings.general, plan: { enabled: false } };
    writeFileSync(path, JSON.stringify({ ...settings, general }));
    const tools = await offered();
    expect(tools).toContain('read_file');
    expect(tools.filter((tool) => tool.includes('plan'))).toEqual([]);
  });

  it('reads its prompt whole, whatever it is and begins with, and puts no file into it', async () => {
    writeFileSync(file('near.md'), 'What nobody asked for.\n');
    const prompt = `---\ntitle: x\n---\n@near, @near.md, "@near.md", a@near.md \\@near.md\n${'words and "quotes" $HOME `id`\n'.repeat(12_000)}%% say read`;
    expect((await start(prompt).done).outcome).toEqual({ kind: 'completed', text: 'read' });
    const sent = api.requests.flatMap(({ messages }) => messages.flatMap(({ content }) => content));
    const [, ...own] = sent.map(({ text }) => text);
    expect(own).toEqual([
      `${prompt.replaceAll('@', '\\@')}\n\n(In all of the above, \\@ stands for the at sign alone.)`,
    ]);
  });

  it('fails with its reason when it has no account', async () => {
    rmSync(join(root, '.gemini', 'settings.json'));
    expect((await start('hello').done).outcome).toMatchObject({
      failure: { code: 'agent/auth-failed', hint: expect.stringContaining('settings.json') },
    });
  });

  it('fails with its reason when its arguments are wrong', async () => {
    const { outcome } = await start('%% say x', { args: ['--no-such-flag'] }).done;
    expect(outcome).toMatchObject({ failure: { code: 'agent/unsupported' } });
  });

  it('is no success when it is stopped, and is resumed after that', async () => {
    const words = Array.from({ length: 400 }, (_, index) => `w${1_000 + index}`).join(' ');
    const run = start(`%% slow 400 50\n%% say ${words}`);
    await run.shows('w1000 w1001');
    run.child.kill('SIGTERM');
    const { outcome, state } = await run.done;
    expect(outcome).toMatchObject({ kind: 'failed', failure: { recoverable: true } });
    const more = { providerSessionId: state.providerSessionId };
    expect((await start('%% say back', more).done).outcome).toEqual({
      kind: 'completed',
      text: 'back',
    });
  });
});
