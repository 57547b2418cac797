import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AgentServer, PLACES, processesOf } from '../support/agent-server.js';
import { sshdAvailable } from '../support/sshd.js';

const PROGRAM = fileURLToPath(new URL('../support/acp-agent.mjs', import.meta.url));
const describeOverSsh = sshdAvailable() ? describe : describe.skip;
const why = sshdAvailable() ? '' : ' (skipped: this machine has no sshd)';
const IMAGE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describeOverSsh(`Turns of an agent that speaks the Agent Client Protocol${why}`, () => {
  let acp: AgentServer;

  beforeAll(async () => {
    acp = await AgentServer.start({ agent: 'acp', command: PROGRAM }, (_, home) => ({
      HOME: home,
    }));
  }, 120_000);
  afterAll(() => acp.stop());
  beforeEach(() => acp.prepare());
  afterEach(() => acp.cleanUp());

  it.each(PLACES)(
    'go on with one conversation on the %s host, and show each answer once',
    async (where) => {
      const session = await acp.open(where);
      const prompt = `---\n${'"$HOME" `id` ünïcödé\n'.repeat(12_000)}%% say Noted.`;
      const first = await acp.answerOf(session, prompt);
      expect(first).toMatchObject({ state: 'completed', text: 'Noted.', attempts: 1, error: null });
      const images = [{ name: 'dot.png', mediaType: 'image/png', data: IMAGE }];
      const second = await acp.answerOf(session, '%% report', { images });
      expect(second).toMatchObject({
        ...{ state: 'completed', text: 'turns=2 images=1', error: null },
        providerSessionId: first.providerSessionId,
      });
      expect(await acp.shownOf(session, second)).toBe(second.text);
      const kept = await readFile(
        join(acp.root, 'acp-sessions', String(first.providerSessionId)),
        'utf8',
      );
      expect(JSON.parse(kept)).toEqual([prompt, expect.stringContaining('%% report')]);
    },
  );

  it('write what they ask for leave to write, unless they are read-only', async () => {
    const session = await acp.open('remote');
    const file = join(acp.project, 'made.txt');
    const script = `%% write ${file}\n%% say tried`;
    const reading = await acp.answerOf(session, script, { readOnly: true });
    expect(reading).toMatchObject({ state: 'completed', text: 'tried' });
    expect(existsSync(file)).toBe(false);
    expect(await acp.answerOf(session, script)).toMatchObject({ state: 'completed' });
    expect(await readFile(file, 'utf8')).toBe('written\n');
  });

  it.each(PLACES)(
    'survive a restart of the server on the %s host: what is asked after it is answered by the next',
    async (where) => {
      const session = await acp.open(where);
      const [go, file] = [join(acp.project, 'go'), join(acp.project, 'made.txt')];
      const turn = await acp.send(session, `%% wait ${go}\n%% write ${file}\n%% say done`);
      await acp.untilTold(session, ({ data }) => data.tool?.phase === 'started');
      await acp.restart();
      await writeFile(go, '');
      expect(await acp.reach(turn)).toMatchObject({
        state: 'completed',
        text: 'done',
        attempts: 1,
      });
      expect(await readFile(file, 'utf8')).toBe('written\n');
      const ended = (await acp.toldOf(session)).flatMap(({ data: { tool } }) =>
        tool && tool.phase !== 'started' ? [`${tool.name} ${tool.phase}`] : [],
      );
      expect(ended).toEqual(['execute completed', 'edit completed']);
    },
    90_000,
  );

  it('end, also when their agent does not', async () => {
    const session = await acp.open('remote', {}, { args: ['--stays'] });
    const turn = await acp.answerOf(session, '%% say over');
    expect(turn).toMatchObject({ state: 'completed', text: 'over', error: null });
    if (process.platform === 'linux') expect(await processesOf(turn)).toEqual([]);
  }, 90_000);

  it('are cancelled in the middle of a tool, and the conversation goes on', async () => {
    const session = await acp.open('remote');
    const turn = await acp.send(session, `%% wait ${join(acp.project, 'never')}`);
    await acp.untilTold(session, ({ data }) => data.tool?.phase === 'started');
    await acp.api.post(`/turns/${turn.id}/cancel`);
    expect(await acp.reach(turn)).toMatchObject({ state: 'cancelled', error: null });
    expect(await acp.answerOf(session, '%% report')).toMatchObject({ text: 'turns=2 images=0' });
  });

  it('begin a new conversation when theirs is gone, in which the old one is told', async () => {
    const session = await acp.open('remote');
    const first = await acp.answerOf(session, '%% say remember 4711');
    const path = join(acp.root, 'acp-sessions', String(first.providerSessionId));
    await writeFile(path, '[]');
    const second = await acp.answerOf(session, '%% say again');
    expect(second).toMatchObject({ state: 'completed', text: expect.stringMatching(/again$/) });
    expect(second.providerSessionId).not.toBe(first.providerSessionId);
    const kept = join(acp.root, 'acp-sessions', String(second.providerSessionId));
    expect(await readFile(kept, 'utf8')).toContain('remember 4711');
  });

  it('are not begun in a session that names no program', async () => {
    await expect(acp.open('local', {}, { command: null })).rejects.toThrow(
      /agent\/unsupported|names/,
    );
  });
});
