import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../../src/cli/api-client.js';
import { type Turn, turnShape } from '../../../src/cli/api-shapes.js';
import { type PlaybookAct } from '../../../src/cli/demo/act-playbook.js';
import { type Stage } from '../../../src/cli/demo/demo-stage.js';
import { Narrator } from '../../../src/cli/demo/narrator.js';
import {
  DOCUMENTS,
  git,
  LAST_COMMIT,
  makeProjects,
  PLAYBOOK_FOLDER,
} from '../../../src/cli/demo/projects.js';
import { proveLogs, provePlaybook } from '../../../src/cli/demo/proofs.js';
import { runShape } from '../../../src/cli/api-shapes.js';
import { aRun, aTurn } from './answers.js';
import { FakeServer } from './fake-server.js';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

const KILLED_AT = Date.parse('2026-01-01T00:00:10Z');
const BACK_AT = Date.parse('2026-01-01T00:00:14Z');
const REMOTE = 'remote-id';

interface Evidence {
  stage: Stage;
  act: PlaybookAct;
  turns: Turn[];
  journal: object[];
  before: { head: string };
}

/** A playbook that went well, with all that is left of it. */
const aGoodEnd = async (agent = 'demo'): Promise<Evidence> => {
  const root = await mkdtemp(join(tmpdir(), 'maestro-proofs-'));
  const server = await FakeServer.start();
  cleanUps.push(
    () => server.stop(),
    () => rm(root, { recursive: true }),
  );
  const projects = await makeProjects(root);
  const before = { head: await git(projects.api, 'rev-parse', 'HEAD') };
  const path = join(root, 'worktree');
  await git(projects.api, 'worktree', 'add', '-q', '-b', 'release', path);
  for (const document of DOCUMENTS) {
    const file = join(path, PLAYBOOK_FOLDER, document);
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('- [ ] ', '- [x] '));
  }
  await git(path, 'commit', '-q', '-a', '-m', LAST_COMMIT);
  const names = ['a', 'b', 'c', 'd', 'e'];
  const turns = names.map((name) =>
    turnShape.parse(
      aTurn({
        ...{ id: name, kind: 'task', state: 'completed', attempts: 1, text: `Did: ${name}` },
        ...{ providerSessionId: `session-${name}`, startedAt: '2026-01-01T00:00:09Z' },
        host: { kind: 'ssh', remoteId: REMOTE, hostname: 'box' },
      }),
    ),
  );
  const at = '2026-01-01T00:00:12.000Z';
  const journal = names.flatMap((name) => [
    { at, event: 'start', role: 'task', task: name, sessionId: `session-${name}` },
    { at, event: 'end', sessionId: `session-${name}`, exitCode: 0 },
  ]);
  const sessionEvents = names.flatMap((name, index) =>
    ['Next: ', `${name}\n\nDid: ${name}`].map((text, piece) => ({
      ...{ stream: 's', seq: index * 2 + piece + 1, type: 'turn.output', at },
      data: { turnId: name, text },
    })),
  );
  const stdout = new PassThrough().resume();
  const narrator = new Narrator(
    { env: {}, stdin: stdout, stdout, stderr: stdout, signal: new AbortController().signal },
    false,
  );
  const run = runShape.parse(aRun({ id: 'r', state: 'completed' }));
  server.on('GET /runs/r/tasks', () => ({
    body: {
      items: turns.map(({ id }) => ({ turnId: id, state: 'done', document: 'x', text: id })),
      nextCursor: null,
    },
  }));
  for (const turn of turns) server.on(`GET /turns/${turn.id}`, () => ({ body: turn }));
  const stage = {
    ...{ narrator, api: new ApiClient(server.url, server.token), remote: { id: REMOTE } },
    world: { projects, journal: join(root, 'journal') },
    agent: { agent, command: null, env: {} },
  } as unknown as Stage;
  const act = {
    ...{ run, branch: 'release', runEvents: [], sessionEvents },
    worktree: { path },
    blows: {
      ...{ cutTurnId: 'c', killedTurnId: 'd', killedAt: KILLED_AT, backAt: BACK_AT },
      endedAlone: at,
    },
  } as unknown as PlaybookAct;
  return { stage, act, turns, journal, before };
};

/** What is not as said when the evidence is as given. */
const refuted = async ({ stage, act, journal, before }: Evidence): Promise<string[]> => {
  await writeFile(
    stage.world.journal,
    journal.map((entry) => `${JSON.stringify(entry)}\n`).join(''),
  );
  await provePlaybook(stage, act, before);
  return stage.narrator.proofs.filter(({ ok }) => !ok).map(({ text }) => text);
};

describe('the proofs of the demo', () => {
  it('all hold when everything went well', async () => {
    const evidence = await aGoodEnd();
    await expect(refuted(evidence)).resolves.toEqual([]);
    expect(evidence.stage.narrator.proofs).toHaveLength(12);
  });

  it('leave out the journal for an agent that keeps none', async () => {
    const evidence = await aGoodEnd('codex');
    evidence.journal = [];
    await expect(refuted(evidence)).resolves.toEqual([]);
    expect(evidence.stage.narrator.proofs).toHaveLength(9);
  });

  it.each<[string, (evidence: Evidence) => unknown, RegExp[]]>([
    [
      'a task that ran twice',
      ({ journal }) => journal.push(...journal.slice(0, 2)),
      [/6 starts and 4 ends of 5 tasks/],
    ],
    ['a task that never ended', ({ journal }) => journal.pop(), [/5 starts and 4 ends of 5 tasks/]],
    [
      'a second attempt of a turn',
      ({ turns }) => turns.map((turn) => (turn.attempts = 2)),
      [/0 of 5 task turns/, /killed went on/, /link was cut/],
    ],
    [
      'a task that ran locally',
      ({ turns }) => turns.slice(0, 1).map(({ host }) => (host.kind = 'local')),
      [/4 of 5 ran over SSH/],
    ],
    [
      'a session that was used twice',
      ({ turns }) => turns.slice(0, 1).map((turn) => (turn.providerSessionId = 'session-b')),
      [/fresh agent session: 4/, /in 4 of 5 tasks/],
    ],
    [
      'a piece of output that was lost',
      ({ act }) => act.sessionEvents.pop(),
      [/final texts of 4 of 5/, /in 4 of 5 tasks/],
    ],
    [
      'a piece of output that came twice',
      ({ act }) => act.sessionEvents.unshift(...act.sessionEvents.slice(0, 1)),
      [/in 4 of 5 tasks/],
    ],
    [
      'a box that is not ticked',
      async ({ act }) => {
        await writeFile(join(act.worktree.path, PLAYBOOK_FOLDER, DOCUMENTS[1]), '- [ ] left\n');
      },
      [/3 of 5 boxes are ticked/],
    ],
    [
      'a commit that is missing',
      ({ act }) => git(act.worktree.path, 'reset', '-q', '--soft', 'main'),
      [/nothing was committed/],
    ],
    [
      'a change in the original working tree',
      ({ stage }) => appendFile(join(stage.world.projects.api, 'README.md'), 'changed\n'),
      [/original working tree/],
    ],
    [
      'a kill that found no task at work',
      ({ act }) => (act.blows.killedTurnId = null),
      [/killed went on/],
    ],
    [
      'a cut that found no task at work',
      ({ act }) => (act.blows.cutTurnId = null),
      [/link was cut/],
    ],
    [
      'an agent that waited for the server',
      ({ act }) => (act.blows.endedAlone = null),
      [/did not end its task while the server was dead/],
    ],
  ])('find %s', async (_what, spoil, expected) => {
    const evidence = await aGoodEnd();
    await spoil(evidence);
    await expect(refuted(evidence)).resolves.toEqual(
      expected.map((pattern): unknown => expect.stringMatching(pattern)),
    );
  });

  it('find a gap in a log, and a log that is not what was followed', async () => {
    const { stage } = await aGoodEnd();
    const server = await FakeServer.start();
    cleanUps.push(() => server.stop());
    const event = (seq: number): object => ({ stream: 'x', seq, type: 't', at: 'now', data: {} });
    const logs: Record<string, object[]> = {
      whole: [event(1), event(2)],
      gap: [event(1), event(3)],
      empty: [],
    };
    server.on('GET /events', ({ query }) => ({
      body: { items: query.get('after') === '0' ? logs[query.get('stream') ?? ''] : [], head: 3 },
    }));
    const streams = Object.keys(logs).map((stream) => ({ stream, name: stream }));
    const live = [{ stream: 'x', seq: 1, type: 'other', at: 'now', data: {} }];
    await proveLogs({ ...stage, api: new ApiClient(server.url, server.token) }, [
      ...streams,
      { stream: 'whole', name: 'what was followed', live },
    ]);
    expect(stage.narrator.proofs.map(({ ok }) => ok)).toEqual([true, false, false, false]);
  });
});
