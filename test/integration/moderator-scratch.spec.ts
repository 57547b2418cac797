import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Host, localHost } from '../../src/hosts/index.js';
import { type GroupChat, type Round } from '../../src/modules/groupchat/groupchat.answers.js';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import {
  makeScratch,
  removeScratch,
  sweepScratch,
} from '../../src/modules/sessions/scratch/scratch-on-host.js';
import { eventually, PLACES, SessionsWorld, WITHOUT_SSH } from './sessions.world.js';

/**
 * Speaks as Gemini CLI does, which can only be asked not to write; and writes. Its answer tells where it is and what it
 * has found there.
 */
const WRITER = `#!/usr/bin/env node
const fs = require('node:fs');
const prompt = fs.readFileSync(0, 'utf8');
const tell = (event) => console.log(JSON.stringify(event));
const cwd = process.cwd();
const found = { cwd, mode: (fs.statSync('.').mode & 0o777).toString(8), entries: fs.readdirSync('.') };
fs.writeFileSync('draft', prompt.slice(0, 10));
const asks = prompt.startsWith('ROLE: moderator') && !prompt.includes('ROUND 1 ANSWERS:');
tell({ type: 'init', session_id: require('node:crypto').randomUUID(), model: 'auto' });
tell({ type: 'message', role: 'assistant', content: (asks ? '@Near: look. ' : '') + JSON.stringify(found), delta: true });
tell({ type: 'result', status: 'success', stats: {} });
`;

interface Found {
  cwd: string;
  mode: string;
  entries: string[];
}

const foundBy = ({ text }: Turn): Found =>
  JSON.parse(/\{.*\}/.exec(text ?? '')?.[0] ?? '') as Found;
const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describe(`A moderator that is only asked not to write${WITHOUT_SSH}`, () => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open('embedded');
    await writeFile(join(world.dir, 'writer'), WRITER);
    await chmod(join(world.dir, 'writer'), 0o755);
  }, 120_000);
  afterAll(() => world.close());

  const setup = async (place: 'local' | 'ssh') => {
    const { api } = world;
    const stage = await world.stage();
    const agent = {
      ...{ agent: 'gemini-cli', command: join(world.dir, 'writer'), cwd: stage },
      remoteId: world.remoteIdAt(place),
    };
    const near = await api.post<Session>('/sessions', { ...agent, name: 'Near' });
    const chat = await api.post<GroupChat>('/groupchats', {
      ...{ name: 'Room', moderator: agent, participants: [near.id] },
    });
    const path = `/groupchats/${chat.id}`;
    /** Asks, and gives what the turns of the answer were told. */
    const ask = async (text: string): Promise<{ moderated: Turn[]; took: Turn[] }> => {
      const message = await api.post<{ id: string }>(`${path}/messages`, { text });
      await api.until<GroupChat>(path, ({ state }) => state === 'idle');
      const { items } = await api.get<{ items: Round[] }>(`${path}/rounds?limit=200`);
      const ids = items
        .filter(({ messageId }) => messageId === message.id)
        .flatMap(({ turns }) => turns.map(({ turnId }) => turnId ?? ''));
      const turns = await Promise.all(ids.map((id) => api.get<Turn>(`/turns/${id}`)));
      return {
        moderated: turns.filter(({ kind }) => kind === 'moderator'),
        took: turns.filter(({ kind }) => kind === 'participant'),
      };
    };
    return { stage, agent, near, chat, path, ask };
  };

  it.each(PLACES)('works on %s in a directory of its own, and says so', async (place) => {
    const { stage, near, chat, path, ask } = await setup(place);
    expect(near.readOnly).toBe('advisory');
    expect(chat).toMatchObject({
      moderator: { readOnly: 'advisory' },
      participants: [{ readOnly: 'advisory' }],
    });
    // Whoever writes in the project is in nobody's way.
    const writer = await world.ask(await world.actor(place, stage), 'gate open');
    await world.reaches(writer, 'running');
    await world.api.post(`${path}/messages`, { text: 'First?' });
    const asked = await world.api.until<{ items: Round[] }>(
      `${path}/rounds`,
      ({ items }) => items[0]?.turns.some(({ role }) => role === 'participant') ?? false,
    );
    await world.openGate(stage, 'open');
    await world.ended(writer);
    await world.api.until<GroupChat>(path, ({ state }) => state === 'idle');
    const opening = await world.api.get<Turn>(`/turns/${asked.items[0]?.moderatorTurnId ?? ''}`);
    expect(opening).toMatchObject({ state: 'completed', readOnly: true });
    const { cwd, mode, entries } = foundBy(opening);
    expect(opening.cwd).toBe(cwd);
    expect(cwd).toMatch(/\/\.maestro\/scratch\/[0-9a-f-]{36}$/);
    expect([mode, entries]).toEqual(['700', []]);
    expect(((await stat(dirname(cwd))).mode & 0o777).toString(8)).toBe('700');

    const { moderated, took } = await ask('Second?');
    expect(moderated.map((turn) => foundBy(turn).cwd)).toEqual([cwd, cwd]);
    expect(took.map((turn) => foundBy(turn).cwd)).toEqual([stage]);
    expect(took.map((turn) => turn.cwd)).toEqual([stage]);
    await world.server.restart();
    expect((await ask('Third?')).moderated.map((turn) => foundBy(turn).cwd)).toEqual([cwd, cwd]);

    expect((await world.api.call('DELETE', path)).status).toBe(204);
    await eventually(async () => !(await isThere(cwd)));
  });

  it('keeps its directory while another chat of it is there, and gives it up with its session', async () => {
    const { agent, ask, chat, path } = await setup('local');
    const { sessionId } = chat.moderator;
    const other = await world.api.post<GroupChat>('/groupchats', {
      ...{ name: 'Other', moderator: { sessionId } },
    });
    const [turn] = (await ask('Where?')).moderated;
    const { cwd } = foundBy(turn as Turn);
    await world.api.call('DELETE', path);
    expect(await isThere(cwd)).toBe(true);
    await world.api.ok('PATCH', `/groupchats/${other.id}`, { moderator: agent });
    await eventually(async () => !(await isThere(cwd)));
    expect((await world.api.call('DELETE', `/sessions/${sessionId}`)).status).toBe(204);
  });

  it('is refused with settings that its CLI cannot be told', async () => {
    const { agent } = await setup('local');
    const refused = await world.api.call('POST', '/groupchats', {
      ...{ name: 'Room', moderator: { ...agent, effort: 'unheard-of' } },
    });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'agent/unsupported', errors: [{ pointer: '/moderator/effort' }] },
    });
  });
});

describe('A scratch directory on a host', () => {
  const DAY_MS = 86_400_000;
  const names = [1, 2, 3].map((digit) => String(digit).repeat(32));
  let dir: string;
  let home: string;
  let host: Host;
  beforeAll(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), 'maestro-scratch-')));
    home = join(dir, 'home of "one" $user');
    await mkdir(home);
    host = localHost({ home, environment: process.env });
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const left = async (): Promise<string[]> =>
    (await readdir(join(home, '.maestro/scratch'))).sort();
  const age = async (name: string, days: number): Promise<void> => {
    const at = new Date(Date.now() - days * DAY_MS);
    await utimes(join(home, '.maestro/scratch', name), at, at);
  };

  it('is removed with all that is in it, however that was left', async () => {
    const [name = ''] = names;
    const path = await makeScratch(host, name);
    expect(path).toBe(join(home, '.maestro/scratch', name));
    await mkdir(join(path, 'locked/inside'), { recursive: true });
    await chmod(join(path, 'locked'), 0o500);
    expect(await makeScratch(host, name)).toBe(path);
    await removeScratch(host, name);
    expect(await left()).toEqual([]);
    await removeScratch(host, name);
  });

  it('that nobody knows of is swept when it was not used for days', async () => {
    const [kept = '', old = '', young = ''] = names;
    for (const name of names) await makeScratch(host, name);
    await mkdir(join(home, '.maestro/scratch', 'not ours ..'));
    for (const name of [kept, old, 'not ours ..']) await age(name, 10);
    expect(await sweepScratch(host, 7, [kept], {})).toBe(1);
    expect(await left()).toEqual([kept, young, 'not ours ..'].sort());
    await age(young, 10);
    await makeScratch(host, young);
    expect(await sweepScratch(host, 7, [kept], {})).toBe(0);
  });
});
