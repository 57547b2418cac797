import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Turn } from '../../../src/modules/sessions/index.js';
import { processesOf, untilIt } from '../../support/agent-server.js';
import { type Bench } from './bench.js';
import { type ContractCase, triesOf } from './subject.js';

/** One case: what is done, which answers the turn that it is about, and what then must be true. */
export interface Case {
  title: string;
  act: (at: Bench) => Promise<Turn>;
  check: (at: Bench, turn: Turn) => Promise<void> | void;
}

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
/** Whatever some shell would act on. */
const METACHARACTERS =
  '`id` $(id) ${HOME} $HOME "double" \'single\' \\ \\\\ | & ; < > ( ) { } [ ] * ? ! # ~ % ^ = + - , : @ \t ü 🎉';
/** Tells which processes there are, and what they carry. */
const HAS_PROC = existsSync('/proc/self/environ');
const TRIED = '%% say tried';

const completed = (turn: Turn, text: unknown): void => {
  expect(turn).toMatchObject({ state: 'completed', text, error: null, attempts: 1 });
};

const failed = (turn: Turn, code: string, recoverable: boolean): void => {
  expect(turn).toMatchObject({ state: 'failed', error: { code, recoverable } });
};

/** A prompt that the model is to read as it is. */
const exact = (title: string, prompt: string): Case => ({
  title,
  act: (at) => at.ask(prompt),
  check: (at, turn) => {
    completed(turn, 'read');
    expect(at.hasRead(prompt)).toBe(true);
  },
});

/** One that ends by the answer of the provider. */
const refused = (title: string, failure: string, code: string, recoverable: boolean): Case => ({
  title,
  act: async (at) =>
    at.server.answerOf(await at.open({ limits: { retries: 0 } }), `Please.\n%% err ${failure}`),
  check: (at, turn) => {
    failed(turn, code, recoverable);
    // What a person must do, and where.
    if (code === 'agent/auth-failed' && at.where === 'remote') {
      expect(turn.error?.hint).toContain('builder');
    }
    expect(turn.error?.hint).toMatch(/.{20,}/);
  },
});

const writeAttempts = ({ server }: Bench, plan: string): string =>
  [
    '%% bash echo x > by-bash.txt',
    `%% write ${join(server.project, 'by-write.txt')} :: x`,
    `%% write ${join(server.root, 'outside.txt')} :: x`,
    // Some edit only what they have read.
    `%% read ${plan}`,
    // Some edit only what they have read.
    `%% read ${plan}`,
    `%% edit ${plan} :: - [ ] first :: - [x] first`,
    TRIED,
  ].join('\n');

export const CASES: Record<ContractCase, Case> = {
  'new-turn': {
    title: 'answers, shows its answer and tells what it used',
    act: (at) => at.ask('Remember 4711.\n%% usage 700 20 300 50\n%% say „Noted" – 4711.'),
    check: async (at, turn) => {
      completed(turn, '„Noted" – 4711.');
      expect(turn.exitCode).toBe(0);
      expect(turn.host.remoteId).toBe(at.server.remoteIds[at.where]);
      expect(await at.server.shownOf({ id: turn.sessionId }, turn)).toBe(turn.text);
      const { told, adapter } = at.subject;
      if (adapter.capabilities.resume) expect(turn.providerSessionId).toEqual(expect.any(String));
      if (at.real.usage === null) expect(turn.usage).toBeNull();
      else expect(turn.usage).toMatchObject(at.real.usage);
      if (told.cost) expect(turn.usage).toMatchObject({ costUsd: expect.any(Number) });
      expect(await at.server.api.get(`/sessions/${turn.sessionId}`)).toMatchObject({
        ...{ state: 'idle', providerSessionId: turn.providerSessionId },
      });
    },
  },
  resume: {
    title: 'goes on with its conversation in the next turn',
    act: async (at) => {
      const session = await at.open();
      const first = await at.server.answerOf(session, 'Remember the number 4711.\n%% say Noted.');
      completed(first, 'Noted.');
      const second = await at.server.answerOf(session, '%% report');
      const isSame = second.providerSessionId === first.providerSessionId;
      expect(isSame).toBe(at.subject.told.copies !== true);
      return second;
    },
    check: (at, turn) => {
      completed(turn, expect.stringMatching(/ answers-before=[1-9]/));
      // Behind it some ask for a title.
      const asked = at.server.model.requests.map(({ messages }) => JSON.stringify(messages));
      const last = asked.filter((messages) => messages.includes('%% report'));
      expect(last.join('\n')).toContain('Remember the number 4711.');
    },
  },
  'read-only': {
    title: 'writes nothing in a read-only turn, and everything in another',
    act: async (at) => {
      const plan = at.file('PLAN.md');
      await writeFile(plan, '- [ ] first\n');
      return at.ask(writeAttempts(at, plan), { readOnly: true });
    },
    check: async (at, turn) => {
      const { readOnly } = at.subject.adapter.capabilities;
      expect(turn).toMatchObject({ state: 'completed', readOnly: true });
      const session = await at.server.api.get(`/sessions/${turn.sessionId}`);
      expect(session).toMatchObject({ readOnly });
      if (readOnly === 'enforced' || at.real.writesNothing === true) {
        expect(await at.files()).toEqual({ 'PLAN.md': '- [ ] first\n' });
        await expect(readFile(join(at.server.root, 'outside.txt'))).rejects.toThrow('ENOENT');
      }
      const offered = new Set(at.server.model.requests.flatMap(({ tools }) => tools));
      expect(at.real.work.withheld.filter((tool) => offered.has(tool))).toEqual([]);
      // All of it can be done where it may be.
      const plan = at.file('PLAN.md');
      await writeFile(plan, '- [ ] first\n');
      completed(await at.ask(writeAttempts(at, plan)), expect.anything());
      expect(await at.files()).toMatchObject({
        ...{ 'PLAN.md': '- [x] first\n', 'by-bash.txt': 'x\n' },
        'by-write.txt': expect.stringMatching(/^x\n?$/),
      });
    },
  },
  'long-prompt': exact(
    'reads a prompt of 300 KB whole',
    `${'Words and "quotes", $HOME and `id`.\n'.repeat(9_000)}%% say read`,
  ),
  'dashes-prompt': exact(
    'reads a prompt that begins with `---`',
    '---\ntitle: x\n---\n--help\n%% say read',
  ),
  'shell-prompt': exact(
    'reads a prompt with every character that a shell would act on',
    `${METACHARACTERS}\nand once more: ${METACHARACTERS}\n%% say read`,
  ),
  image: {
    title: 'shows the model an image, and leaves none behind',
    act: (at) =>
      at.ask('What is this?\n%% say A pixel.', {
        images: [{ name: 'a pixel.png', mediaType: 'image/png', data: PIXEL }],
      }),
    check: async (at, turn) => {
      completed(turn, 'A pixel.');
      expect(at.server.model.bodies.some((body) => body.includes(PIXEL))).toBe(true);
      expect(await at.files()).toEqual({});
    },
  },
  edit: {
    title: 'edits a file and runs a command with nobody there to allow it, and tells of each',
    act: async (at) => {
      const plan = at.file('PLAN.md');
      await writeFile(plan, '- [ ] first\n- [ ] second\n');
      const script = [`%% read ${plan}`, `%% edit ${plan} :: - [ ] first :: - [x] first`];
      return at.ask([...script, '%% bash echo made > made.txt', '%% say done'].join('\n'));
    },
    check: async (at, turn) => {
      completed(turn, 'done');
      expect(await at.files()).toEqual({
        ...{ 'PLAN.md': '- [x] first\n- [ ] second\n', 'made.txt': 'made\n' },
      });
      const { read, edit, shell } = at.real.tools;
      const used = [read ?? shell, edit, shell].map((tool) => `${tool} completed`);
      expect(await at.endedTools(turn)).toEqual(at.subject.told.tools === false ? [] : used);
    },
  },
  model: {
    title: 'uses the model that its session names',
    act: async (at) =>
      at.server.answerOf(
        await at.open({ model: at.real.models.otherNamed ?? at.real.models.other }),
        '%% report',
      ),
    check: (at, turn) => {
      completed(turn, expect.stringContaining(`REPORT model=${at.real.models.other} `));
    },
  },
  effort: {
    title: 'has the model make the effort that its session names',
    act: async (at) => {
      await at.server.answerOf(await at.open({ effort: 'low' }), '%% say little');
      return at.server.answerOf(await at.open({ effort: 'high' }), '%% say much');
    },
    check: (at, turn) => {
      completed(turn, 'much');
      const made = at.server.model.requests.map(({ messages, effort }) => {
        const [, said = 'nothing'] = /%% say (\w+)/.exec(JSON.stringify(messages)) ?? [];
        return `${said} by ${String(effort)}`;
      });
      expect(made).toEqual(expect.arrayContaining(['little by low', 'much by high']));
      // Some ask for a title too, which is worth less to them.
      expect(made).not.toContain('little by high');
    },
  },
  'auth-failed': refused(
    'says on which host to sign in when the provider answers 401',
    ...(['401', 'agent/auth-failed', false] as const),
  ),
  limit: {
    title: 'waits for the time at which the limit of its provider resets',
    act: async (at) => {
      const session = await at.open({ account: at.real.limitedAccount ?? {} });
      const until = Math.ceil(Date.now() / 1_000) + 600;
      return at.server.reach(
        await at.server.send(session, `%% limit ${until}\n%% say ${until}`),
        'limited',
      );
    },
    check: async (at, turn) => {
      expect(turn).toMatchObject({ state: 'limited', error: { code: 'agent/limit' } });
      const [, until = ''] = /limit (\d+)/.exec(turn.prompt) ?? [];
      const late = Date.parse(turn.resumesAt ?? '') - Number(until) * 1_000;
      const { reset } = at.subject.told;
      if (reset === 'second') expect(late).toBe(0);
      if (reset === 'minute') {
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThanOrEqual(60_000);
      }
      expect(Date.parse(turn.resumesAt ?? '')).toBeGreaterThan(Date.now());
      await at.server.api.post(`/turns/${turn.id}/cancel`);
      expect(await at.server.reach(turn)).toMatchObject({ state: 'cancelled' });
    },
  },
  overloaded: refused(
    'says that its provider is overloaded',
    ...(['529', 'agent/overloaded', true] as const),
  ),
  'context-full': refused(
    'says that its context is full',
    ...(['ctx', 'agent/context-full', false] as const),
  ),
  'slow-stream': {
    title: 'shows a slow answer as it comes',
    act: async (at) => {
      const session = await at.open();
      const words = Array.from({ length: 30 }, (_, index) => `word${index}`).join(' ');
      const turn = await at.server.send(session, `%% slow 60 200\n%% say ${words}`);
      if (at.subject.told.streams) {
        await at.server.untilTold(session, ({ type }) => type === 'turn.output');
        expect(await at.server.api.get(`/turns/${turn.id}`)).toMatchObject({ state: 'running' });
      }
      return at.server.reach(turn);
    },
    check: async (at, turn) => {
      completed(turn, expect.stringMatching(/^word0 .* word29$/));
      expect(await at.server.shownOf({ id: turn.sessionId }, turn)).toBe(turn.text);
    },
  },
  cancel: {
    title: HAS_PROC
      ? 'is cancelled in the middle of a command, leaves no process and goes on after that'
      : 'is cancelled in the middle of a command and goes on after that (no /proc tells what processes it leaves)',
    act: async (at) => {
      const session = await at.open();
      const sleep = `sleep 600.${Date.now()}${at.where === 'local' ? 1 : 2}`;
      const turn = await at.server.send(session, `%% bash ${sleep} & echo $$ > started; wait`);
      const hasStarted = async (): Promise<boolean> =>
        (await readFile(at.file('started'), 'utf8')).endsWith('\n');
      await untilIt(hasStarted, at.server.limitMs);
      if (HAS_PROC) expect(await processesOf(sleep)).not.toEqual([]);
      await at.server.api.post(`/turns/${turn.id}/cancel`);
      const ended = await at.server.reach(turn);
      if (!HAS_PROC) return ended;
      expect(await processesOf(turn)).toEqual([]);
      await untilIt(async () => (await processesOf(sleep)).length === 0);
      return ended;
    },
    check: async (at, turn) => {
      expect(turn).toMatchObject({ state: 'cancelled', error: null });
      const session = { id: turn.sessionId };
      const back = await at.server.answerOf(session, '%% say back');
      expect(back).toMatchObject({ state: 'completed', text: 'back', error: null });
      expect(back.attempts).toBeLessThanOrEqual(triesOf(at.real));
    },
  },
  'session-not-found': {
    title: 'goes on in a fresh conversation when its own is gone',
    act: async (at) => {
      const session = await at.open();
      const first = await at.server.answerOf(session, 'Remember the number 4711.');
      completed(first, expect.stringMatching(/^REPORT /));
      await rm(at.server.root, { recursive: true });
      await at.server.furnish();
      return at.server.answerOf(session, '%% say on');
    },
    check: (at, turn) => {
      expect(turn).toMatchObject({
        ...{ state: 'completed', text: 'on', error: null },
        earlier: [{ code: 'agent/session-not-found' }],
      });
      const last = at.server.model.requests.at(-1)?.messages;
      expect(JSON.stringify(last)).toContain('Remember the number 4711.');
    },
  },
};
