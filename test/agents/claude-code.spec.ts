import { spawnSync } from 'node:child_process';
import {
  chownSync,
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
import { ClaudeCodeAdapter } from '../../src/agents/claude-code/claude-code-adapter.js';
import { claudeCli, claudeEnv } from '../support/agent-clis.js';
import { type ModelApi, startModelApi } from '../support/model-api.js';
import { type AgentRun, startAgent, turn } from '../support/run-agent.js';
import { scriptedModel } from '../support/scripted-model.js';

const cli = claudeCli();
const program = cli?.path ?? null;
const adapter = new ClaudeCodeAdapter();
const describeWithCli = cli ? describe : describe.skip;
const why = cli ? '' : ' (skipped: not installed, see scripts/install-agent-clis.mjs)';

const NOBODY = 65_534;
const canBeNobody =
  program !== null &&
  process.getuid?.() === 0 &&
  spawnSync(program, ['--version'], { uid: NOBODY, gid: NOBODY }).status === 0;
const itAsNobody = canBeNobody ? it : it.skip;
const whyNobody = canBeNobody ? '' : ' (skipped: needs root, and the CLI where anybody may run it)';

describeWithCli(`The real Claude Code${why}`, () => {
  let api: ModelApi;
  let root: string;
  let project: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    api = await startModelApi(scriptedModel);
    root = mkdtempSync(join(tmpdir(), 'maestro-claude-'));
    project = join(root, 'project');
    mkdirSync(project);
    mkdirSync(join(root, 'tmp'));
    // Nothing of this machine gets in, and nothing but the model API can be reached.
    env = {
      ...{ PATH: process.env['PATH'], TMPDIR: join(root, 'tmp'), LANG: 'C.UTF-8' },
      ...claudeEnv(api.url, root),
    };
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

  it('answers, streams its text and says what it used', async () => {
    const run = start(
      'Hi.\n%% slow 5 5\n%% usage 700 20 300 50\n%% say The answer is "42" – ünïcödé.',
    );
    const { outcome, state, shown } = await run.done;
    expect(outcome).toEqual({ kind: 'completed', text: 'The answer is "42" – ünïcödé.' });
    expect(shown).toBe('The answer is "42" – ünïcödé.');
    expect(run.facts.length).toBeGreaterThan(3);
    expect(state.usage).toMatchObject({
      ...{ inputTokens: 700, outputTokens: 20, cacheReadTokens: 300, cacheWriteTokens: 50 },
      ...{ contextTokens: 1050, contextWindow: expect.any(Number), costUsd: expect.any(Number) },
    });
  });

  it('resumes its conversation and takes the model of the session', async () => {
    const { state } = await start('%% say first').done;
    const more = { providerSessionId: state.providerSessionId, model: 'claude-sonnet-4-5' };
    const second = await start('%% report', more).done;
    expect(second.outcome).toMatchObject({
      kind: 'completed',
      text: expect.stringMatching(/^REPORT model=claude-sonnet-4-5.* answers-before=1$/),
    });
    expect(second.state.providerSessionId).toBe(state.providerSessionId);
  });

  it('edits files and runs commands with nobody there to allow it', async () => {
    writeFileSync(file('PLAN.md'), '- [ ] first\n');
    const plan = file('PLAN.md');
    const script = [`%% read ${plan}`, `%% edit ${plan} :: - [ ] first :: - [x] first`];
    const run = start([...script, '%% bash echo made > made.txt; id -u', '%% say done'].join('\n'));
    const { outcome } = await run.done;
    expect(outcome).toEqual({ kind: 'completed', text: 'done' });
    expect(readFileSync(plan, 'utf8')).toBe('- [x] first\n');
    expect(readFileSync(file('made.txt'), 'utf8')).toBe('made\n');
    const tools = run.facts.flatMap((fact) => (fact.type === 'tool' ? [fact] : []));
    expect(tools.map(({ name, phase }) => `${name} ${phase}`)).toEqual([
      ...['Read started', 'Read completed', 'Edit started', 'Edit completed'],
      ...['Bash started', 'Bash completed'],
    ]);
    expect(tools[2]?.summary).toBe(plan);
  });

  it('writes nothing in a read-only turn, whichever tool it tries and its settings allow', async () => {
    mkdirSync(join(root, '.claude'));
    const permissions = { allow: ['Bash', 'Write', 'Edit'], defaultMode: 'bypassPermissions' };
    writeFileSync(join(root, '.claude', 'settings.json'), JSON.stringify({ permissions }));
    writeFileSync(file('PLAN.md'), '- [ ] first\n');
    const script = ['%% bash echo x > by-bash.txt', `%% write ${file('by-write.txt')} :: x`];
    const more = [`%% read ${file('PLAN.md')}`, `%% edit ${file('PLAN.md')} :: first :: second`];
    const run = start([...script, ...more, '%% say tried'].join('\n'), { readOnly: true });
    const { outcome } = await run.done;
    expect(outcome).toEqual({ kind: 'completed', text: 'tried' });
    const tools = run.facts.flatMap((fact) => (fact.type === 'tool' ? [fact] : []));
    const ended = tools.filter(({ phase }) => phase !== 'started');
    expect(ended.map(({ name, phase }) => `${name} ${phase}`)).toEqual([
      ...['Bash failed', 'Write failed', 'Read completed', 'Edit failed'],
    ]);
    expect(readdirSync(project)).toEqual(['PLAN.md']);
    expect(readFileSync(file('PLAN.md'), 'utf8')).toBe('- [ ] first\n');
  });

  itAsNobody(`writes unattended as an ordinary user too${whyNobody}`, async () => {
    for (const path of [root, project, join(root, 'tmp')]) chownSync(path, NOBODY, NOBODY);
    const request = turn('%% bash id -u > who.txt\n%% say done', { command: program });
    const place = { cwd: project, env, uid: NOBODY, gid: NOBODY };
    const { outcome } = await startAgent(adapter, request, place).done;
    expect(outcome).toEqual({ kind: 'completed', text: 'done' });
    expect(readFileSync(file('who.txt'), 'utf8')).toBe(`${NOBODY}\n`);
  });

  it('reads its prompt whole and exact, however long and whatever it begins with', async () => {
    const prompt = `---\ntitle: x\n---\n${'words and "quotes" $HOME `id`\n'.repeat(12_000)}%% say read`;
    expect((await start(prompt).done).outcome).toEqual({ kind: 'completed', text: 'read' });
    const sent = api.requests.flatMap(({ messages }) => messages.flatMap(({ content }) => content));
    expect(sent.some(({ text }) => text?.includes(prompt))).toBe(true);
  });

  it.each([
    ['401', { kind: 'failed', failure: { code: 'agent/auth-failed', recoverable: false } }],
    ['403', { kind: 'failed', failure: { code: 'agent/auth-failed' } }],
    ['429', { kind: 'limited', failure: { code: 'agent/limit' } }],
    ['529', { kind: 'failed', failure: { code: 'agent/overloaded', recoverable: true } }],
    ['ctx', { kind: 'failed', failure: { code: 'agent/context-full' } }],
  ])('fails with its reason when the provider answers %s', async (failure, expected) => {
    const { outcome } = await start(`Please.\n%% err ${failure}`).done;
    expect(outcome).toMatchObject(expected);
  });

  it('fails with its reason when the provider cannot be reached', async () => {
    await api.close();
    expect((await start('hello').done).outcome).toMatchObject({
      failure: { code: 'agent/network' },
    });
  });

  it('fails with its reason when nobody has signed in', async () => {
    delete env['ANTHROPIC_API_KEY'];
    expect((await start('hello').done).outcome).toMatchObject({
      failure: { code: 'agent/auth-failed', hint: expect.stringContaining('Sign in') },
    });
  });

  it('fails with its reason when the conversation is not there', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    const { outcome } = await start('%% say x', { providerSessionId: unknown }).done;
    expect(outcome).toMatchObject({ failure: { code: 'agent/session-not-found' } });
  });

  it('fails with its reason when it does not know an argument', async () => {
    const { outcome } = await start('%% say x', { args: ['--no-such-flag'] }).done;
    expect(outcome).toMatchObject({ failure: { code: 'agent/unsupported' } });
  });

  it('does not lose its prompt to an argument that takes many values', async () => {
    const { outcome } = await start('%% say heard', { args: ['--allowedTools', 'Read'] }).done;
    expect(outcome).toEqual({ kind: 'completed', text: 'heard' });
  });

  it('is resumed after it was stopped in the middle of an answer', async () => {
    const run = start(`%% slow 400 50\n%% say ${'word '.repeat(400)}`);
    await run.shows('word');
    run.child.kill('SIGTERM');
    const { outcome, state } = await run.done;
    expect(outcome).toMatchObject({ failure: { code: 'agent/crashed' } });
    const more = { providerSessionId: state.providerSessionId };
    expect((await start('%% say back', more).done).outcome).toEqual({
      kind: 'completed',
      text: 'back',
    });
  });
});
