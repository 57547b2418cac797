import { randomUUID } from 'node:crypto';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type GroupChat } from '../../src/modules/groupchat/groupchat.answers.js';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { describeStores } from '../support/stores.js';
import { eventually, PLACES, SessionsWorld, WITHOUT_SSH } from './sessions.world.js';

/** Notes what images it is shown; as a moderator it asks everybody once. */
const VIEWER = `#!/usr/bin/env node
const fs = require('node:fs');
const input = fs.readFileSync(0, 'utf8');
const isMessage = process.argv.includes('--input-format');
const blocks = isMessage ? JSON.parse(input).message.content : [{ text: input }];
const prompt = blocks.map(({ text = '' }) => text).join('');
const role = (/^ROLE: (\\w+)/m.exec(prompt) ?? [])[1] ?? null;
const images = blocks.flatMap(({ source }) => source ? [[source.media_type, source.data.length]] : []);
const told = prompt.includes('IMAGES:') ? prompt.includes('cannot be shown') ? 'told' : 'shown' : 'nothing';
fs.appendFileSync(process.env.STAGE + '/seen', JSON.stringify({ role, told, images }) + '\\n');
const result = role !== 'moderator' || prompt.includes('ANSWERS:') ? 'Done' : '@Viewer @Blind look';
if (process.argv.includes('--output-format')) {
  console.log(JSON.stringify({ type: 'system', subtype: 'init', session_id: 'viewer' }));
  console.log(JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result, session_id: 'viewer' }));
} else console.log(result);
`;

interface Seen {
  role: string | null;
  told: string;
  images: [string, number][];
}

const png = (bytes: number): string =>
  Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(bytes - 8, 7)]).toString(
    'base64',
  );
const image = (name: string, bytes: number): object => ({
  ...{ name, mediaType: 'image/png', data: png(bytes) },
});
const gif = {
  name: 'b.gif',
  mediaType: 'image/gif',
  data: Buffer.from('GIF89a').toString('base64'),
};

describeStores(`images${WITHOUT_SSH}`, (kind) => {
  let world: SessionsWorld;
  let viewer: string;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
    viewer = join(world.dir, 'viewer');
    await writeFile(viewer, VIEWER);
    await chmod(viewer, 0o755);
  }, 120_000);
  afterAll(() => world.close());

  const custom = { prompt: 'stdin', output: { format: 'text' } };
  const fields = (stage: string, more: object = {}): Record<string, unknown> => ({
    ...{ command: viewer, env: { STAGE: stage } },
    ...more,
  });
  const seenOn = async (stage: string): Promise<Seen[]> =>
    (await readFile(join(stage, 'seen'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Seen);

  describe.each(PLACES)('on %s', (place) => {
    it('reach the agent with their prompt, in order, once', async () => {
      const stage = await world.stage();
      const session = await world.demo(place, stage, fields(stage));
      const body = { prompt: 'look', images: [image('a.png', 1_000_000), gif] };
      const key = { 'idempotency-key': randomUUID() };
      const path = `/sessions/${session.id}/turns`;
      const posted = await world.api.call('POST', path, body, key);
      expect(posted.status).toBe(202);
      const told = [
        { name: 'a.png', mediaType: 'image/png' },
        { name: 'b.gif', mediaType: 'image/gif' },
      ];
      expect(posted.body['images']).toEqual(told);
      const again = await world.api.call('POST', path, body, key);
      expect(again.body['id']).toBe(posted.body['id']);
      expect(await world.ended(posted.body as unknown as Turn)).toMatchObject({
        ...{ state: 'completed', error: null, text: 'Done', images: told },
      });
      const plain = await world.ask(session, 'nothing to see');
      const { items } = await world.api.get<{ items: Turn[] }>(path);
      expect(items.map(({ id, images }) => [id, images])).toEqual([
        [again.body['id'], told],
        [plain.id, []],
      ]);
      await world.ended(plain);
      expect((await seenOn(stage)).slice(0, 1)).toEqual([
        {
          ...{ role: null, told: 'nothing' },
          images: [
            ['image/png', png(1_000_000).length],
            ['image/gif', 8],
          ],
        },
      ]);
    });

    it('are there for a turn that waits, also when the server was started anew', async () => {
      const stage = await world.stage();
      const session = await world.demo(place, stage, fields(stage));
      const hold = async (held: boolean): Promise<void> => {
        const { status } = await world.api.call('PATCH', `/sessions/${session.id}`, { held });
        expect(status).toBe(200);
      };
      await hold(true);
      const turn = await world.ask(session, 'look', { images: [image('a.png', 30)] });
      await world.server.restart();
      await hold(false);
      await world.ended(turn);
      expect((await seenOn(stage))[0]?.images).toEqual([['image/png', 40]]);
    });

    it('of a message in a group chat are shown to who takes them, and told to who does not', async () => {
      const [stage, moderators] = [await world.stage(), await world.stage()];
      const sees = await world.demo(place, stage, fields(stage, { name: 'Viewer' }));
      const more = { name: 'Blind', agent: 'custom', custom };
      const blind = await world.demo(place, stage, fields(stage, more));
      const chat = await world.api.post<GroupChat>('/groupchats', {
        name: 'Room',
        moderator: { agent: 'demo', cwd: moderators, ...fields(moderators) },
        participants: [sees.id, blind.id],
      });
      const body = { text: 'What is this?', images: [image('a.png', 30), gif] };
      const posted = await world.api.call('POST', `/groupchats/${chat.id}/messages`, body);
      expect(posted.status).toBe(202);
      await world.api.until<GroupChat>(`/groupchats/${chat.id}`, ({ state }) => state === 'idle');
      const images = [
        ['image/png', 40],
        ['image/gif', 8],
      ];
      const shown = { role: 'moderator', told: 'shown', images };
      expect(await seenOn(moderators)).toEqual([shown, shown]);
      const participants = (await seenOn(stage)).toSorted((a, b) => (a.told < b.told ? -1 : 1));
      expect(participants).toEqual([
        { role: 'participant', told: 'shown', images },
        { role: 'participant', told: 'told', images: [] },
      ]);
    });
  });

  it('are refused by an agent that takes none, and nothing is queued', async () => {
    const stage = await world.stage();
    const session = await world.demo('local', stage, fields(stage, { agent: 'custom', custom }));
    const path = `/sessions/${session.id}/turns`;
    const { status, body } = await world.api.call('POST', path, { prompt: 'x', images: [gif] });
    expect({ status, body }).toMatchObject({
      body: { code: 'agent/unsupported', errors: [{ pointer: '/images' }] },
    });
    expect((await world.api.get<{ items: Turn[] }>(path)).items).toEqual([]);
  });

  it('must be what they say they are, and not be too big', async () => {
    const session = await world.demo('local', await world.stage());
    const chat = await world.api.post<GroupChat>('/groupchats', {
      ...{ name: 'Room', moderator: { agent: 'demo', cwd: await world.stage() } },
    });
    const asked = async (images: unknown[]): Promise<unknown> => {
      const turns = `/sessions/${session.id}/turns`;
      const turn = await world.api.call('POST', turns, { prompt: 'x', images });
      const messages = `/groupchats/${chat.id}/messages`;
      const message = await world.api.call('POST', messages, { text: 'x', images });
      expect(message.body['errors']).toEqual(turn.body['errors']);
      return (turn.body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
    };
    expect(await asked([{ ...gif, mediaType: 'image/png' }])).toEqual(['/images/0/data']);
    expect(await asked([gif, { ...gif, data: 'no base64' }])).toEqual(['/images/1/data']);
    expect(await asked([{ ...gif, mediaType: 'image/svg+xml' }])).toEqual(['/images/0/mediaType']);
    expect(await asked([{ ...gif, data: '' }])).toEqual(['/images/0/data']);
    expect(await asked([image('a', 2_500_000), image('b', 2_500_001)])).toEqual(['/images']);
    expect(await asked(Array(21).fill(gif))).toEqual(['/images']);
    expect((await world.api.get<{ items: Turn[] }>(`/sessions/${session.id}/turns`)).items).toEqual(
      [],
    );
  });
});

describe('Images and files of turns', () => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.openWithSql();
  }, 120_000);
  afterAll(() => world.close());

  it('go with the turn, from the database and from its host', async () => {
    const stage = await world.stage();
    const script = join(world.dir, 'reads');
    await writeFile(script, '#!/bin/sh\nls -l "$@"; cat "$2"\n');
    await chmod(script, 0o755);
    const session = await world.demo('local', stage, {
      ...{ agent: 'custom', command: script, args: ['--', '{promptFile}'] },
      custom: { prompt: 'file', output: { format: 'text' } },
    });
    const turn = await world.ended(await world.ask(session, 'from a file'));
    expect(turn.text).toMatch(/^-rw------- .*\/\.maestro\/runs\/.*\.files\/[^]*from a file/);
    const runs = join(homedir(), '.maestro/runs');
    await eventually(async () => !(await readdir(runs)).some((name) => name.startsWith(turn.id)));

    const sees: Session = await world.demo('local', stage);
    await world.ended(await world.ask(sees, 'look', { images: [gif, gif] }));
    const kept = 'SELECT count(*)::int AS kept FROM images';
    expect(await world.sql(kept)).toEqual([{ kept: 2 }]);
    await world.api.call('DELETE', `/sessions/${sees.id}`);
    expect(await world.sql(kept)).toEqual([{ kept: 0 }]);
  });
});
