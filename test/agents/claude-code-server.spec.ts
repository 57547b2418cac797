import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { claudeEnv, describeClaude } from '../support/agent-clis.js';
import { AgentServer, PLACES, processesOf, untilIt } from '../support/agent-server.js';

const itWithProc = process.platform === 'linux' ? it : it.skip;
const whyProc = process.platform === 'linux' ? '' : ' (skipped: needs /proc)';

describeClaude('Turns of the real Claude Code', (program) => {
  let claude: AgentServer;

  beforeAll(async () => {
    claude = await AgentServer.start('claude-code', program, claudeEnv);
  }, 120_000);
  afterAll(() => claude.stop());
  beforeEach(() => claude.prepare());
  afterEach(() => claude.cleanUp());

  it.each(PLACES)(
    'answers on the %s host, and the next turn goes on with its conversation',
    async (where) => {
      const session = await claude.open(where);
      const remoteId = claude.remoteIds[where];
      const first = await claude.answerOf(
        session,
        'Remember the number 4711.\n%% slow 4 5\n%% usage 700 20 300 50\n%% say „Noted" – 4711.',
      );
      expect(first).toMatchObject({
        ...{ state: 'completed', text: '„Noted" – 4711.', exitCode: 0, attempts: 1, error: null },
        host: { kind: where === 'local' ? 'local' : 'ssh', remoteId },
        usage: {
          ...{ inputTokens: 700, outputTokens: 20, cacheReadTokens: 300, cacheWriteTokens: 50 },
          costUsd: expect.any(Number),
        },
      });
      const second = await claude.answerOf(session, '%% report');
      expect(second).toMatchObject({
        ...{ state: 'completed', attempts: 1 },
        text: expect.stringMatching(/ answers-before=1$/),
        providerSessionId: first.providerSessionId,
      });
      expect(first.providerSessionId).not.toBeNull();
      const sent = JSON.stringify(claude.model.requests.at(-1)?.messages);
      expect(sent).toContain('Remember the number 4711.');
      expect(await claude.api.get(`/sessions/${session.id}`)).toMatchObject({
        ...{ state: 'idle', providerSessionId: first.providerSessionId },
        usage: { costUsd: sumOf([first, second].map(({ usage }) => usage?.costUsd)) },
      });
      expect(await claude.shownOf(session, first)).toBe(first.text);
    },
  );

  it('writes nothing in a read-only turn', async () => {
    const session = await claude.open('remote');
    const { project } = claude;
    const script = [
      '%% bash echo x > by-bash.txt',
      `%% write ${join(project, 'by-write.txt')} :: x`,
    ];
    const turn = await claude.answerOf(session, [...script, '%% say tried'].join('\n'), {
      readOnly: true,
    });
    expect(turn).toMatchObject({ state: 'completed', text: 'tried', readOnly: true });
    expect(await readdir(project)).toEqual([]);
    expect(await claude.answerOf(session, [...script, '%% say done'].join('\n'))).toMatchObject({
      state: 'completed',
    });
    expect((await readdir(project)).sort()).toEqual(['by-bash.txt', 'by-write.txt']);
  });

  itWithProc.each(PLACES)(
    `is cancelled in the middle of a command on the %s host, and leaves no process there${whyProc}`,
    async (where) => {
      const session = await claude.open(where);
      const turn = await claude.send(session, '%% bash sleep 60 & echo $$ > started; wait');
      await claude.untilTold(session, ({ data }) => data.tool?.phase === 'started');
      const started = join(claude.project, 'started');
      await untilIt(() => readFile(started, 'utf8').then((text) => text.endsWith('\n')));
      expect((await processesOf(turn)).length).toBeGreaterThan(1);
      expect(await claude.api.post(`/turns/${turn.id}/cancel`)).toMatchObject({
        state: 'stopping',
      });
      expect(await claude.reach(turn)).toMatchObject({ state: 'cancelled', error: null });
      expect(await processesOf(turn)).toEqual([]);
      expect(await claude.answerOf(session, '%% say back')).toMatchObject({
        ...{ state: 'completed', text: 'back' },
      });
    },
  );

  it('waits when the provider has had enough, and can be called off', async () => {
    const session = await claude.open('local');
    const turn = await claude.reach(await claude.send(session, 'Please.\n%% err 429'), 'limited');
    expect(turn).toMatchObject({ state: 'limited', error: { code: 'agent/limit' } });
    expect(Date.parse(turn.resumesAt ?? '')).toBeGreaterThan(Date.now());
    expect(await claude.api.get(`/sessions/${session.id}`)).toMatchObject({ state: 'limited' });
    await claude.api.post(`/turns/${turn.id}/cancel`);
    expect(await claude.reach(turn)).toMatchObject({ state: 'cancelled' });
  });

  it('goes on by itself when the limit of a subscription has reset', async () => {
    const account = { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-zzzz' };
    const session = await claude.open('remote', account);
    const until = Math.ceil(Date.now() / 1_000) + 12;
    const sent = await claude.send(session, `Please.\n%% limit ${until}\n%% say at last`);
    const limited = await claude.reach(sent, 'limited');
    expect(limited).toMatchObject({
      ...{ state: 'limited', resumesAt: new Date(until * 1_000).toISOString() },
      error: { code: 'agent/limit', message: expect.stringContaining('resets') },
    });
    const turn = await claude.reach(sent);
    expect(turn).toMatchObject({ state: 'completed', text: 'at last', error: null, attempts: 1 });
    expect(Date.parse(turn.startedAt ?? '')).toBeGreaterThanOrEqual(until * 1_000);
  });

  it('says on which host to sign in when the provider refuses the key, and how', async () => {
    const turn = await claude.answerOf(await claude.open('remote'), 'Please.\n%% err 401');
    expect(turn).toMatchObject({ state: 'failed', error: { code: 'agent/auth-failed' } });
    expect(turn.error?.hint).toMatch(/builder.*`claude auth login`/);
  });

  it.each(PLACES)(
    'goes on through a restart of the server in the middle of an answer on the %s host',
    async (where) => {
      const session = await claude.open(where);
      const words = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
      const turn = await claude.send(session, `%% slow 60 100\n%% say ${words}`);
      await claude.untilTold(session, ({ type }) => type === 'turn.output');
      await claude.restart();
      expect(await claude.reach(turn)).toMatchObject({
        ...{ state: 'completed', text: words, attempts: 1 },
      });
      expect(await claude.shownOf(session, turn)).toBe(words);
      expect(await claude.answerOf(session, '%% report')).toMatchObject({
        text: expect.stringMatching(/ answers-before=1$/),
      });
    },
  );
});

const sumOf = (numbers: (number | null | undefined)[]): unknown =>
  expect.closeTo(
    numbers.reduce<number>((sum, each) => sum + (each ?? 0), 0),
    6,
  );
