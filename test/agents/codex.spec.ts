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
import { type TurnRequest, type Usage } from '../../src/agents/adapter.js';
import { CodexAdapter } from '../../src/agents/codex/codex-adapter.js';
import { codexCli, codexConfines, codexEnv } from '../support/agent-clis.js';
import { type ModelApi, startModelApi } from '../support/model-api.js';
import { type AgentRun, startAgent, turn } from '../support/run-agent.js';
import { scriptedModel } from '../support/scripted-model.js';

const cli = codexCli();
const program = cli?.path ?? null;
const adapter = new CodexAdapter();
const describeWithCli = cli ? describe : describe.skip;
const why = cli ? '' : ' (skipped: not installed, see scripts/install-agent-clis.mjs)';

const isConfined = codexConfines();
const itConfined = isConfined ? it : it.skip;
const whyConfined = isConfined ? '' : ' (skipped: no namespaces for its sandbox)';

const NOBODY = 65_534;
const canBeNobody =
  program !== null &&
  isConfined &&
  process.getuid?.() === 0 &&
  spawnSync(program, ['--version'], {
    uid: NOBODY,
    gid: NOBODY,
    env: { PATH: process.env['PATH'] },
  }).status === 0;
const itAsNobody = canBeNobody ? it : it.skip;
const whyNobody = canBeNobody ? '' : ' (skipped: needs root, and the CLI where anybody may run it)';

describeWithCli(`The real Codex${why}`, () => {
  let api: ModelApi;
  let root: string;
  let project: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    api = await startModelApi(scriptedModel);
    root = mkdtempSync(join(tmpdir(), 'maestro-codex-'));
    project = join(root, 'project');
    mkdirSync(project);
    mkdirSync(join(root, 'tmp'));
    // Nothing of this machine gets in, and nothing but the model API can be reached.
    env = {
      ...{ PATH: process.env['PATH'], TMPDIR: join(root, 'tmp'), LANG: 'C.UTF-8' },
      ...codexEnv(api.url, root),
    };
  });
  afterEach(async () => {
    await api.close();
    rmSync(root, { recursive: true, force: true });
  });

  const start = (
    prompt: string,
    more: Partial<TurnRequest> = {},
    spentBefore: Usage | null = null,
  ): AgentRun => {
    const request = turn(prompt, { command: program, spentBefore, ...more });
    return startAgent(adapter, request, { cwd: project, env });
  };
  const file = (name: string): string => join(project, name);
  const settings = (text: string): void => {
    const path = join(root, '.codex', 'config.toml');
    writeFileSync(path, `${text}\n${readFileSync(path, 'utf8')}`);
  };
  const toolsOf = ({ facts }: AgentRun): string[] =>
    facts.flatMap((fact) => (fact.type === 'tool' ? [`${fact.name} ${fact.phase}`] : []));

  it('answers and says what it used, and the same of the next turn of its conversation', async () => {
    const first = await start('%% usage 700 20 300\n%% say The answer is "42" – ünïcödé.').done;
    const answer = 'The answer is "42" – ünïcödé.';
    expect(first).toMatchObject({ outcome: { kind: 'completed', text: answer }, shown: answer });
    const used = { inputTokens: 700, outputTokens: 20, cacheReadTokens: 300, cacheWriteTokens: 0 };
    expect(first.state.usage).toMatchObject(used);
    const { providerSessionId, usage } = first.state;
    const more = { providerSessionId, model: 'gpt-5.5' };
    const second = await start('%% usage 50 5 10\n%% report', more, usage).done;
    expect(second.outcome).toEqual({
      ...{ kind: 'completed', text: 'REPORT model=gpt-5.5 answers-before=1' },
    });
    expect(second.state).toMatchObject({
      providerSessionId,
      usage: { inputTokens: 50, outputTokens: 5, cacheReadTokens: 10 },
    });
  });

  itConfined(
    `edits files and runs commands with nobody there to allow it, in a resumed turn too${whyConfined}`,
    async () => {
      settings('approval_policy = "on-request"');
      const { state } = await start('%% say first', { readOnly: true }).done;
      writeFileSync(file('PLAN.md'), '- [ ] first\n');
      const plan = file('PLAN.md');
      const script = [`%% read ${plan}`, `%% edit ${plan} :: - [ ] first :: - [x] first`];
      const more = ['%% bash echo made > made.txt', '%% bash echo no >&2; exit 3', '%% say done'];
      const run = start([...script, ...more].join('\n'), {
        providerSessionId: state.providerSessionId,
      });
      expect((await run.done).outcome).toEqual({ kind: 'completed', text: 'done' });
      expect(readFileSync(plan, 'utf8')).toBe('- [x] first\n');
      expect(readFileSync(file('made.txt'), 'utf8')).toBe('made\n');
      expect(toolsOf(run)).toEqual([
        ...['shell started', 'shell completed', 'apply_patch started', 'apply_patch completed'],
        ...['shell started', 'shell completed', 'shell started', 'shell failed'],
      ]);
      expect(run.facts).toContainEqual(
        expect.objectContaining({ phase: 'failed', summary: 'Exit code 3: no' }),
      );
    },
  );

  itConfined(
    `commits where the session leaves it the sandbox that allows it${whyConfined}`,
    async () => {
      spawnSync('git', ['init', '-q'], { cwd: project });
      const commit = 'git -c user.name=c -c user.email=c@t.invalid commit -q --allow-empty -m made';
      const script = `%% bash ${commit}\n%% say done`;
      const commits = (): string =>
        spawnSync('git', ['log', '--format=%s'], { cwd: project }).stdout.toString();
      await start(script).done;
      expect(commits()).toBe('');
      await start(script, { args: ['--sandbox', 'danger-full-access'] }).done;
      expect(commits()).toBe('made\n');
    },
  );

  itConfined(
    `writes nothing in a read-only turn, whatever its user has allowed${whyConfined}`,
    async () => {
      settings('sandbox_mode = "danger-full-access"');
      mkdirSync(join(root, '.codex', 'rules'));
      const rule = 'prefix_rule(pattern=["touch"], decision="allow")\n';
      writeFileSync(join(root, '.codex', 'rules', 'default.rules'), rule);
      writeFileSync(file('PLAN.md'), '- [ ] first\n');
      const script = [
        ...['%% bash touch by-rule.txt', '%% bash echo x > by-bash.txt'],
        `%% write ${file('by-write.txt')} :: x`,
        `%% edit ${file('PLAN.md')} :: - [ ] first :: - [x] first`,
        ...[`%% read ${file('PLAN.md')}`, '%% say tried'],
      ].join('\n');
      const run = start(script, { readOnly: true });
      const { outcome, state } = await run.done;
      expect(outcome).toEqual({ kind: 'completed', text: 'tried' });
      const answers = api.requests
        .at(-1)
        ?.messages.flatMap(({ content }) => content)
        .flatMap(({ type, content }) => (type === 'tool_result' ? [String(content)] : []));
      const told = (words: RegExp): unknown => expect.stringMatching(words);
      expect(answers).toEqual([
        ...[told(/Read-only file system/), told(/Read-only file system/)],
        ...[told(/read-only sandbox/), told(/read-only sandbox/), told(/^- \[ \] first/)],
      ]);
      const untouched = (): void => {
        expect(readdirSync(project)).toEqual(['PLAN.md']);
        expect(readFileSync(file('PLAN.md'), 'utf8')).toBe('- [ ] first\n');
      };
      untouched();
      const again = start(script, { readOnly: true, providerSessionId: state.providerSessionId });
      expect((await again.done).outcome).toEqual({ kind: 'completed', text: 'tried' });
      untouched();
      // All of it can be done where it may write.
      expect((await start(script).done).outcome).toEqual({ kind: 'completed', text: 'tried' });
      expect(readdirSync(project).sort()).toEqual(
        ['PLAN.md', 'by-bash.txt', 'by-rule.txt', 'by-write.txt'].sort(),
      );
    },
  );

  itAsNobody(`writes unattended as an ordinary user too${whyNobody}`, async () => {
    const paths = [root, project, join(root, 'tmp'), join(root, '.codex')];
    for (const path of [...paths, join(root, '.codex', 'config.toml')]) {
      chownSync(path, NOBODY, NOBODY);
    }
    const script = '%% bash id -u > who.txt\n%% say done';
    const place = { cwd: project, env, uid: NOBODY, gid: NOBODY };
    const request = turn(script, { command: program });
    expect((await startAgent(adapter, request, place).done).outcome).toEqual({
      ...{ kind: 'completed', text: 'done' },
    });
    expect(readFileSync(file('who.txt'), 'utf8')).toBe(`${NOBODY}\n`);
  });

  it('says when the limit of a subscription resets, in whatever zone its host is', async () => {
    env['TZ'] = 'Asia/Tokyo';
    const until = Math.floor(Date.now() / 1_000) + 5 * 60;
    const { outcome } = await start(`Please.\n%% limit ${until}`).done;
    if (outcome.kind !== 'limited') throw new Error(`It is ${outcome.kind}`);
    const late = Date.parse(outcome.resumesAt ?? '') - until * 1_000;
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThanOrEqual(60_000);
  });

  it('fails with its reason, and ends, when the provider cannot be reached', async () => {
    await api.close();
    expect((await start('hello').done).outcome).toMatchObject({
      failure: { code: 'agent/network', recoverable: true },
    });
  });

  it('fails with its reason when it has no key', async () => {
    delete env['SCRIPTED_API_KEY'];
    expect((await start('hello').done).outcome).toMatchObject({
      failure: { code: 'agent/auth-failed', message: expect.stringContaining('SCRIPTED_API_KEY') },
    });
  });

  it('fails with its reason when its settings or arguments are wrong', async () => {
    const argument = await start('%% say x', { args: ['--no-such-flag'] }).done;
    expect(argument.outcome).toMatchObject({ failure: { code: 'agent/unsupported' } });
    settings('model = [');
    expect((await start('%% say x').done).outcome).toMatchObject({
      failure: { code: 'agent/unsupported', message: expect.stringContaining('config.toml') },
    });
  });

  it('does not lose its prompt, nor its conversation, to an argument that takes many values', async () => {
    const pixel =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
    writeFileSync(file('a.png'), Buffer.from(pixel, 'base64'));
    const args = ['--image', file('a.png')];
    const { outcome, state } = await start('%% say heard', { args }).done;
    expect(outcome).toEqual({ kind: 'completed', text: 'heard' });
    const more = { args, providerSessionId: state.providerSessionId };
    expect((await start('%% report', more).done).outcome).toMatchObject({
      text: expect.stringMatching(/ answers-before=1$/),
    });
  });

  itConfined(
    `is resumed after it was stopped in the middle of a command${whyConfined}`,
    async () => {
      const run = start('%% bash echo begun > begun.txt; sleep 60\n%% say never');
      await run.uses('shell');
      run.child.kill('SIGTERM');
      const { outcome, state } = await run.done;
      expect(outcome).toMatchObject({ failure: { code: 'agent/crashed' } });
      const more = { providerSessionId: state.providerSessionId };
      expect((await start('%% say back', more).done).outcome).toEqual({
        kind: 'completed',
        text: 'back',
      });
    },
  );
});
