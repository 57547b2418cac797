import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AcpAdapter } from '../../src/agents/acp/acp-adapter.js';
import { type TurnRequest } from '../../src/agents/adapter.js';
import { copilotCli, copilotEnv, geminiCli, geminiEnv } from '../support/agent-clis.js';
import { AgentServer, PLACES } from '../support/agent-server.js';
import { type ModelApi, startModelApi } from '../support/model-api.js';
import { type AgentRun, startAgent, turn } from '../support/run-agent.js';
import { scriptedModel } from '../support/scripted-model.js';
import { sshdAvailable } from '../support/sshd.js';

const adapter = new AcpAdapter();
const geminiAcpEnv = (api: string, home: string): Record<string, string> => ({
  ...geminiEnv(api, home),
  ...{ GEMINI_CLI_TRUST_WORKSPACE: 'true', GEMINI_CLI_NO_RELAUNCH: 'true' },
});
const AGENTS = [
  { name: 'Gemini CLI', path: geminiCli()?.path, env: geminiAcpEnv, resumes: false },
  { name: 'Copilot CLI', path: copilotCli()?.path, env: copilotEnv, resumes: true },
];
const NOT_HERE = ' (skipped: not installed, see scripts/install-agent-clis.mjs)';

for (const { name, path, env: environment, resumes } of AGENTS) {
  const describeWithCli = path === undefined ? describe.skip : describe;
  describeWithCli(`The real ${name} over ACP${path === undefined ? NOT_HERE : ''}`, () => {
    let api: ModelApi;
    let root: string;
    let project: string;
    let env: NodeJS.ProcessEnv;

    beforeEach(async () => {
      api = await startModelApi(scriptedModel);
      root = mkdtempSync(join(tmpdir(), 'maestro-acp-'));
      project = join(root, 'project');
      mkdirSync(project);
      env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...environment(api.url, root) };
    });
    afterEach(async () => {
      await api.close();
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    });

    const start = (prompt: string, more: Partial<TurnRequest> = {}): AgentRun => {
      const own = { command: path ?? null, args: ['--acp'], cwd: project };
      return startAgent(adapter, turn(prompt, { ...own, ...more }), { cwd: project, env });
    };

    it('answers, and the next turn goes on with its conversation', async () => {
      const answer = 'The answer is "42" – ünïcödé.';
      const first = await start(`%% usage 700 20 300\n%% say ${answer}`).done;
      expect(first).toMatchObject({ outcome: { kind: 'completed', text: answer }, shown: answer });
      expect(first.state.usage).toMatchObject({ outputTokens: 20 });
      // Gemini CLI does not always find its conversations again; the server then begins another.
      if (!resumes) return;
      const { providerSessionId } = first.state;
      const second = await start('%% report', { providerSessionId }).done;
      expect(second.shown).toMatch(/^REPORT model=\S+ answers-before=1$/);
      expect(second.outcome).toEqual({ kind: 'completed', text: second.shown });
    });

    it('edits files and runs commands where it is allowed to, and in a read-only turn nothing', async () => {
      const plan = join(project, 'PLAN.md');
      const made = join(project, 'made.txt');
      writeFileSync(plan, '- [ ] first\n');
      const script = [
        ...[`%% read ${plan}`, `%% edit ${plan} :: - [ ] first :: - [x] first`],
        ...[`%% bash echo made > ${made}`, '%% say done'],
      ].join('\n');
      await start(script, { readOnly: true }).done;
      expect(readFileSync(plan, 'utf8')).toBe('- [ ] first\n');
      expect(existsSync(made)).toBe(false);
      const writing = start(script);
      expect((await writing.done).outcome).toEqual({ kind: 'completed', text: 'done' });
      expect(readFileSync(plan, 'utf8')).toBe('- [x] first\n');
      expect(readFileSync(made, 'utf8')).toBe('made\n');
      const tools = writing.facts.flatMap((fact) => (fact.type === 'tool' ? [fact] : []));
      expect(tools.map(({ name: tool, phase }) => `${tool} ${phase}`)).toEqual([
        ...['read started', 'read completed', 'edit started', 'edit completed'],
        ...['execute started', 'execute completed'],
      ]);
    });

    it.each([
      ['401', 'agent/auth-failed'],
      ['429', 'agent/limit'],
      ['ctx', 'agent/context-full'],
    ])('fails with its reason when the provider answers %s', async (failure, code) => {
      const { outcome } = await start(`Please.\n%% err ${failure}`).done;
      expect(outcome).toMatchObject({ failure: { code } });
    });

    it('fails with its reason when the conversation is not there', async () => {
      const unknown = '00000000-0000-4000-8000-000000000000';
      const { outcome } = await start('%% say x', { providerSessionId: unknown }).done;
      expect(outcome).toMatchObject({ failure: { code: 'agent/session-not-found' } });
    });
  });
}

const gemini = geminiCli()?.path;
const describeServer = gemini === undefined || !sshdAvailable() ? describe.skip : describe;
describeServer(
  'Turns of the real Gemini CLI over ACP (skipped where it or an sshd is missing)',
  () => {
    let acp: AgentServer;
    beforeAll(async () => {
      acp = await AgentServer.start({ agent: 'acp', command: gemini ?? '' }, geminiAcpEnv);
    }, 120_000);
    afterAll(() => acp.stop());
    beforeEach(() => acp.prepare());
    afterEach(() => acp.cleanUp());

    it.each(PLACES)('are answered on the %s host', async (where) => {
      const session = await acp.open(where, {}, { args: ['--acp'] });
      const first = await acp.answerOf(session, '%% say Noted.');
      expect(first).toMatchObject({ state: 'completed', text: 'Noted.', error: null });
    });
  },
);
