import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { codexConfines, codexEnv, describeCodex } from '../support/agent-clis.js';
import { AgentServer, PLACES, processesOf, untilIt } from '../support/agent-server.js';

const canProve = process.platform === 'linux' && codexConfines();
const itConfined = canProve ? it : it.skip;
const why = canProve ? '' : ' (skipped: needs /proc, and namespaces for its sandbox)';

describeCodex('Turns of the real Codex', (program) => {
  let codex: AgentServer;

  beforeAll(async () => {
    codex = await AgentServer.start('codex', program, codexEnv);
  }, 120_000);
  afterAll(() => codex.stop());
  beforeEach(() => codex.prepare());
  afterEach(() => codex.cleanUp());

  it('is found on the remote, with its version', async () => {
    const asked = { agent: 'codex', command: program };
    const answer = await codex.api.post(`/remotes/${String(codex.remoteIds.remote)}/test`, asked);
    const version = expect.stringMatching(/^codex-cli \d/);
    expect(answer).toMatchObject({ ok: true, agent: { found: true, path: program, version } });
  });

  it.each(PLACES)(
    'answers on the %s host, and the next turn goes on with its conversation',
    async (where) => {
      const session = await codex.open(where);
      const first = await codex.answerOf(
        session,
        `---\n${'Remember the number 4711. "$HOME" `id`\n'.repeat(8_000)}%% usage 700 20 300\n%% say „Noted" – 4711.`,
      );
      const usage = { inputTokens: 700, outputTokens: 20, cacheReadTokens: 300, costUsd: null };
      expect(first).toMatchObject({
        ...{ state: 'completed', text: '„Noted" – 4711.', exitCode: 0, attempts: 1, error: null },
        host: { kind: where === 'local' ? 'local' : 'ssh', remoteId: codex.remoteIds[where] },
        usage,
      });
      expect(first.providerSessionId).not.toBeNull();
      const second = await codex.answerOf(session, '%% usage 50 5 10\n%% report');
      expect(second).toMatchObject({
        ...{ state: 'completed', text: 'REPORT model=gpt-5.5 answers-before=1', attempts: 1 },
        providerSessionId: first.providerSessionId,
        usage: { inputTokens: 50, outputTokens: 5, cacheReadTokens: 10 },
      });
      const sent = codex.model.requests.at(-1)?.messages.flatMap(({ content }) => content);
      expect(sent?.some(({ text }) => text === first.prompt)).toBe(true);
      expect(await codex.api.get(`/sessions/${session.id}`)).toMatchObject({
        ...{ state: 'idle', providerSessionId: first.providerSessionId },
        usage: { inputTokens: 750, outputTokens: 25, cacheReadTokens: 310 },
      });
      expect(await codex.shownOf(session, first)).toBe(first.text);
    },
  );

  itConfined.each(PLACES)(
    `writes nothing in a read-only turn on the %s host, and in another all that it is to${why}`,
    async (where) => {
      const session = await codex.open(where);
      const plan = join(codex.project, 'PLAN.md');
      await writeFile(plan, '- [ ] first\n');
      const script = [
        '%% bash echo x > by-bash.txt',
        `%% edit ${plan} :: - [ ] first :: - [x] first`,
        '%% say tried',
      ].join('\n');
      const reading = await codex.answerOf(session, script, { readOnly: true });
      expect(reading).toMatchObject({ state: 'completed', text: 'tried', readOnly: true });
      expect(await readdir(codex.project)).toEqual(['PLAN.md']);
      expect(await readFile(plan, 'utf8')).toBe('- [ ] first\n');
      const writing = await codex.answerOf(session, script);
      expect(writing).toMatchObject({
        ...{ state: 'completed', text: 'tried', providerSessionId: reading.providerSessionId },
      });
      expect((await readdir(codex.project)).sort()).toEqual(['PLAN.md', 'by-bash.txt']);
      expect(await readFile(plan, 'utf8')).toBe('- [x] first\n');
    },
  );

  itConfined.each(PLACES)(
    `is cancelled in the middle of a command on the %s host, and leaves no process there${why}`,
    async (where) => {
      const session = await codex.open(where);
      const sleep = `sleep 600.${Date.now()}`;
      const turn = await codex.send(session, `%% bash ${sleep} & echo $$ > started; wait`);
      await codex.untilTold(session, ({ data }) => data.tool?.phase === 'started');
      const started = join(codex.project, 'started');
      await untilIt(() => readFile(started, 'utf8').then((text) => text.endsWith('\n')));
      expect((await processesOf(turn)).length).toBeGreaterThan(1);
      expect(await processesOf(sleep)).not.toEqual([]);
      await codex.api.post(`/turns/${turn.id}/cancel`);
      expect(await codex.reach(turn)).toMatchObject({ state: 'cancelled', error: null });
      expect(await processesOf(turn)).toEqual([]);
      await untilIt(async () => (await processesOf(sleep)).length === 0);
      expect(await codex.answerOf(session, '%% say back')).toMatchObject({
        ...{ state: 'completed', text: 'back' },
      });
    },
  );

  it.each(PLACES)('fails with its reasons on the %s host', async (where) => {
    const session = await codex.open(where);
    const refused = await codex.answerOf(session, 'Please.\n%% err 401');
    expect(refused).toMatchObject({ state: 'failed', error: { code: 'agent/auth-failed' } });
    expect(refused.error?.hint).toContain('`codex login`');
    if (where === 'remote') expect(refused.error?.hint).toMatch(/^On builder: /);
  });

  it('waits when the limit of a subscription is reached, until it may have reset', async () => {
    const session = await codex.open('remote');
    const until = Math.floor(Date.now() / 1_000) + 10 * 60;
    const turn = await codex.reach(await codex.send(session, `%% limit ${until}`), 'limited');
    expect(turn).toMatchObject({ state: 'limited', error: { code: 'agent/limit' } });
    const late = Date.parse(turn.resumesAt ?? '') - until * 1_000;
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThanOrEqual(60_000);
    await codex.api.post(`/turns/${turn.id}/cancel`);
    expect(await codex.reach(turn)).toMatchObject({ state: 'cancelled' });
  });
});
