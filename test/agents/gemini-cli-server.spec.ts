import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { describeGemini, geminiEnv } from '../support/agent-clis.js';
import { AgentServer, PLACES, processesOf, untilIt } from '../support/agent-server.js';

const hasProc = process.platform === 'linux';
const itWithProc = hasProc ? it : it.skip;
const why = hasProc ? '' : ' (skipped: needs /proc)';

describeGemini('Turns of the real Gemini CLI', (program) => {
  let gemini: AgentServer;

  beforeAll(async () => {
    gemini = await AgentServer.start('gemini-cli', program, geminiEnv);
  }, 120_000);
  afterAll(() => gemini.stop());
  beforeEach(() => gemini.prepare());
  afterEach(() => gemini.cleanUp());

  it('is found on the remote', async () => {
    const asked = { agent: 'gemini-cli', command: program };
    const answer = await gemini.api.post(`/remotes/${String(gemini.remoteIds.remote)}/test`, asked);
    expect(answer).toMatchObject({ ok: true, agent: { found: true, path: program, error: null } });
  });

  it.each(PLACES)(
    'answers on the %s host, and the next turn goes on with its conversation',
    async (where) => {
      const session = await gemini.open(where);
      const first = await gemini.answerOf(
        session,
        `---\n${'Remember the number 4711. "$HOME" `id`\n'.repeat(8_000)}%% usage 700 20 300\n%% say „Noted" – 4711.`,
      );
      const usage = { inputTokens: 700, outputTokens: 20, cacheReadTokens: 300, costUsd: null };
      expect(first).toMatchObject({
        ...{ state: 'completed', text: '„Noted" – 4711.', exitCode: 0, attempts: 1, error: null },
        host: { kind: where === 'local' ? 'local' : 'ssh', remoteId: gemini.remoteIds[where] },
        usage,
      });
      const second = await gemini.answerOf(session, '%% usage 50 5 10\n%% report');
      expect(second).toMatchObject({
        ...{ state: 'completed', text: 'REPORT model=gemini-2.5-flash answers-before=1' },
        ...{ attempts: 1, providerSessionId: first.providerSessionId },
        usage: { inputTokens: 50, outputTokens: 5, cacheReadTokens: 10 },
      });
      const sent = gemini.model.requests.at(-1)?.messages.flatMap(({ content }) => content);
      expect(sent?.some(({ text }) => text === first.prompt)).toBe(true);
      expect(await gemini.shownOf(session, first)).toBe(first.text);
    },
  );

  it('writes nothing in a read-only turn on the remote host, and in another all that it is to', async () => {
    const session = await gemini.open('remote');
    const plan = join(gemini.project, 'PLAN.md');
    await writeFile(plan, '- [ ] first\n');
    const script = [
      '%% bash echo x > by-bash.txt',
      `%% edit ${plan} :: - [ ] first :: - [x] first`,
      '%% say tried',
    ].join('\n');
    const reading = await gemini.answerOf(session, script, { readOnly: true });
    expect(reading).toMatchObject({ state: 'completed', text: 'tried', readOnly: true });
    expect(await readdir(gemini.project)).toEqual(['PLAN.md']);
    expect(await readFile(plan, 'utf8')).toBe('- [ ] first\n');
    const writing = await gemini.answerOf(session, script);
    expect(writing).toMatchObject({
      ...{ state: 'completed', text: 'tried', providerSessionId: reading.providerSessionId },
    });
    expect((await readdir(gemini.project)).sort()).toEqual(['PLAN.md', 'by-bash.txt']);
    expect(await readFile(plan, 'utf8')).toBe('- [x] first\n');
  });

  itWithProc(
    `is cancelled in the middle of a command on the remote host, and leaves no process there${why}`,
    async () => {
      const session = await gemini.open('remote');
      const sleep = `sleep 600.${Date.now()}`;
      const turn = await gemini.send(session, `%% bash ${sleep} & echo $$ > started; wait`);
      await gemini.untilTold(session, ({ data }) => data.tool?.phase === 'started');
      const started = join(gemini.project, 'started');
      await untilIt(() => readFile(started, 'utf8').then((text) => text.endsWith('\n')));
      expect(await processesOf(turn)).not.toEqual([]);
      expect(await processesOf(sleep)).not.toEqual([]);
      await gemini.api.post(`/turns/${turn.id}/cancel`);
      expect(await gemini.reach(turn)).toMatchObject({ state: 'cancelled', error: null });
      expect(await processesOf(turn)).toEqual([]);
      await untilIt(async () => (await processesOf(sleep)).length === 0);
      expect(await gemini.answerOf(session, '%% say back')).toMatchObject({
        ...{ state: 'completed', text: 'back' },
      });
    },
  );

  it('fails with its reason and the name of the remote host', async () => {
    const session = await gemini.open('remote');
    const refused = await gemini.answerOf(session, 'Please.\n%% err 401');
    expect(refused).toMatchObject({ state: 'failed', error: { code: 'agent/auth-failed' } });
    expect(refused.error?.hint).toMatch(/^On builder: .*GEMINI_API_KEY/);
  });
});
