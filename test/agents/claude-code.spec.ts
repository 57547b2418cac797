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

  it.each([
    ['whichever tool it tries and its settings allow', []],
    ['whatever tools the session names', ['Write', 'Bash', 'Edit']],
  ])('writes nothing in a read-only turn, %s', async (_, args) => {
    mkdirSync(join(root, '.claude'));
    const permissions = { allow: ['Bash', 'Write', 'Edit'], defaultMode: 'bypassPermissions' };
    writeFileSync(join(root, '.claude', 'settings.json'), JSON.stringify({ permissions }));
    writeFileSync(file('PLAN.md'), '- [ ] first\n');
    const script = ['%% bash echo x > by-bash.txt', `%% write ${file('by-write.txt')} :: x`];
    const more = [`%% read ${file('PLAN.md')}`, `%% edit ${file('PLAN.md')} :: first :: second`];
    const run = start([...script, ...more, '%% say tried'].join('\n'), {
      readOnly: true,
      args,
    });
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
