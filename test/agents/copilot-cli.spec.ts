import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TurnRequest } from '../../src/agents/adapter.js';
import { CopilotCliAdapter } from '../../src/agents/copilot-cli/copilot-cli-adapter.js';
import { copilotCli, copilotEnv } from '../support/agent-clis.js';
import { type ModelApi, startModelApi } from '../support/model-api.js';
import { type AgentRun, startAgent, turn } from '../support/run-agent.js';
import { scriptedModel } from '../support/scripted-model.js';
import { writingMcpServer } from '../support/writing-mcp-server.js';

const program = copilotCli()?.path ?? null;
const describeWithCli = program === null ? describe.skip : describe;
const why = program === null ? ' (skipped: not installed, see scripts/install-agent-clis.mjs)' : '';
const adapter = new CopilotCliAdapter();

/** What the contract of all agents does not ask of it. */
describeWithCli(`The real Copilot CLI${why}`, () => {
  let api: ModelApi;
  let root: string;
  let project: string;
  let env: NodeJS.ProcessEnv;
  let turns = 0;

  beforeEach(async () => {
    api = await startModelApi(scriptedModel);
    root = mkdtempSync(join(tmpdir(), 'maestro-copilot-'));
    project = join(root, 'project');
    mkdirSync(project);
    env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...copilotEnv(api.url, root) };
  });
  afterEach(async () => {
    await api.close();
    rmSync(root, { recursive: true, force: true });
  });

  const start = (prompt: string, more: Partial<TurnRequest> = {}): AgentRun => {
    const directory = join(root, `turn-${(turns += 1)}`);
    const request = turn(prompt, { command: program, directory, ...more });
    return startAgent(adapter, request, { cwd: project, env });
  };
  const file = (name: string): string => join(project, name);

  it('writes nothing in a read-only turn, whatever its user, its session and the turn before it were allowed', async () => {
    const server = writingMcpServer(root, project);
    mkdirSync(join(root, '.copilot'));
    writeFileSync(
      join(root, '.copilot', 'mcp-config.json'),
      JSON.stringify({ mcpServers: { putter: { type: 'local', ...server, tools: ['*'] } } }),
    );
    env['COPILOT_ALLOW_ALL'] = 'true';
    writeFileSync(file('PLAN.md'), '- [ ] first\n');
    const script = [
      ...['%% bash echo x > by-bash.txt', `%% write ${file('by-write.txt')} :: x`],
      ...[`%% read ${file('PLAN.md')}`, `%% edit ${file('PLAN.md')} :: [ ] first :: [x] first`],
      '%% say tried',
    ].join('\n');
    const first = await start('%% say begun').done;
    expect(api.requests.at(-1)?.tools).toEqual(expect.arrayContaining(['bash', 'create', 'edit']));
    const asked = api.requests.length;
    const { providerSessionId } = first.state;
    const reading = start(script, { readOnly: true, args: ['--yolo'], providerSessionId });
    expect((await reading.done).outcome).toEqual({ kind: 'completed', text: 'tried' });
    const offered = new Set(api.requests.slice(asked).flatMap(({ tools }) => tools));
    expect([...offered].sort()).toEqual(['glob', 'grep', 'view']);
    expect(readdirSync(project)).toEqual(['PLAN.md']);
    expect(readFileSync(file('PLAN.md'), 'utf8')).toBe('- [ ] first\n');
    // All of it can be done where it may write, and there is the server too.
    expect((await start(script, { providerSessionId }).done).outcome.kind).toBe('completed');
    expect(readdirSync(project).sort()).toEqual(['PLAN.md', 'by-bash.txt', 'by-write.txt']);
    expect(readFileSync(file('PLAN.md'), 'utf8')).toBe('- [x] first\n');
    expect(api.requests.some(({ tools }) => tools.includes('putter-put'))).toBe(true);
  }, 120_000);

  it('is resumed after it was killed in the middle of a command', async () => {
    const run = start('%% bash echo begun > begun.txt; sleep 60\n%% say never');
    await run.uses('bash');
    run.child.kill('SIGTERM');
    const { outcome, state } = await run.done;
    expect(outcome).toMatchObject({ failure: { code: 'agent/crashed' } });
    expect(state.providerSessionId).not.toBeNull();
    const more = { providerSessionId: state.providerSessionId };
    const { outcome: next } = await start('%% report', more).done;
    expect(next).toMatchObject({ kind: 'completed' });
  }, 120_000);

  it('makes the effort that its session names', async () => {
    env['COPILOT_MODEL'] = 'gpt-5.4';
    env['COPILOT_PROVIDER_WIRE_API'] = 'responses';
    for (const effort of ['low', 'xhigh']) {
      expect((await start('%% say hm', { effort }).done).outcome.kind).toBe('completed');
      expect(JSON.parse(api.bodies.at(-1) ?? '{}')).toMatchObject({ reasoning: { effort } });
    }
  }, 120_000);
});
