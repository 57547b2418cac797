import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { type Api, turnEnded } from '../support/api.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';

type Place = 'local' | 'ssh';
const PLACES: readonly Place[] = sshdAvailable() ? ['local', 'ssh'] : ['local'];
const WITHOUT_SSH = sshdAvailable() ? '' : ' (without SSH: this machine has no sshd)';

/** Says what it was started with, as a document on many lines; remembers how often it was asked. */
const REPORTER = `#!/usr/bin/env node
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const args = process.argv.slice(2);
const after = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : null);
const file = after('--in');
const prompt = fs.readFileSync(file ?? 0, 'utf8');
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
const image = after('--image');
const answer = {
  prompt: sha(prompt),
  stdin: file === null ? null : fs.readFileSync(0, 'utf8'),
  mode: file === null ? null : (fs.statSync(file).mode & 0o777).toString(8),
  image: image === null ? null : fs.readFileSync(image).toString('base64'),
  dry: args.includes('--dry'),
  model: after('--model'),
  resumed: after('--resume'),
  turn: process.env.MAESTRO_SESSION_RESUMED ?? null,
};
console.error('thinking');
console.log(JSON.stringify({ id: 'talk-7', out: { text: JSON.stringify(answer) }, cost: 0.25 }, null, 2));
`;

/** Cuts a character in two, and waits in between. */
const SPLITTER = `#!/bin/sh
printf 'gr\\303'; sleep 0.3; printf '\\274\\303\\237e \\360\\237'; sleep 0.3; printf '\\216\\211\\nsecond\\n'
`;
/** Ends as its prompt says. */
const ENDER = `#!/bin/sh
read -r how; echo $$ >"$STAGE/pid"; echo partial; echo "it went wrong" >&2
case $how in hang) sleep 600;; kill) kill -9 $$;; *) exit "$how";; esac
`;

interface Report {
  prompt: string;
  stdin: string | null;
  mode: string | null;
  image: string | null;
  dry: boolean;
  model: string | null;
  resumed: string | null;
  turn: string | null;
}

const REPORTING = {
  prompt: 'file',
  output: {
    ...{ format: 'json', text: '/out/text', sessionId: '/id' },
    usage: { costUsd: '/cost' },
  },
  model: { args: ['--model', '{model}'] },
  readOnly: { args: ['--dry'] },
  images: { args: ['--image', '{imageFile}'] },
  resume: { args: ['--resume', '{sessionId}'] },
};
const TEXT = { prompt: 'stdin', output: { format: 'text' } };

describe(`Custom agents${WITHOUT_SSH}`, () => {
  let server: TestServer;
  let api: Api;
  let sshd: TestSshd | null = null;
  let remoteIds: Record<Place, string | null>;
  let root: string;

  beforeAll(async () => {
    sshd = sshdAvailable() ? await startSshd() : null;
    server = await startTestServer({ databaseUrl: null, redisUrl: null });
    ({ api } = server);
    const remote = sshd
      ? await api.post<{ id: string }>('/remotes', {
          ...{ name: 'builder', host: sshd.host, port: sshd.port, username: sshd.user },
          privateKeyPath: sshd.clientKeyPath,
        })
      : null;
    remoteIds = { local: null, ssh: remote?.id ?? null };
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await sshd?.stop();
  });
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'maestro-custom-'));
    await mkdir(join(root, 'project'));
    for (const [name, text] of Object.entries({ REPORTER, SPLITTER, ENDER })) {
      await writeFile(join(root, name), text);
      await chmod(join(root, name), 0o755);
    }
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const open = (where: Place, program: string, more: object): Promise<Session> =>
    api.post<Session>('/sessions', {
      ...{ name: program, agent: 'custom', command: join(root, program) },
      ...{ cwd: join(root, 'project'), remoteId: remoteIds[where], env: { STAGE: root } },
      ...more,
    });
  const send = ({ id }: Session, prompt: string, more: object = {}): Promise<Turn> =>
    api.post<Turn>(`/sessions/${id}/turns`, { prompt, ...more });
  const answerTo = async (session: Session, prompt: string, more: object = {}): Promise<Turn> => {
    const { id } = await send(session, prompt, more);
    await turnEnded(api, id);
    return api.get<Turn>(`/turns/${id}`);
  };
  const reportOf = ({ state, text, error }: Turn): Report => {
    expect({ state, error }).toEqual({ state: 'completed', error: null });
    return JSON.parse(text ?? '') as Report;
  };
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

  describe.each(PLACES)('on the %s host', (where) => {
    it('read a prompt of 300 KB from a file, and go on with their conversation', async () => {
      const session = await open(where, 'REPORTER', {
        ...{ args: ['--in', '{promptFile}'], custom: REPORTING, model: 'big' },
      });
      expect(session).toMatchObject({ readOnly: 'advisory', custom: REPORTING });
      const prompt = `--- "$HOME" \`id\` ${'ünï – 🎉\n'.repeat(22_000)}`;
      const first = await answerTo(session, prompt);
      expect(reportOf(first)).toEqual({
        ...{ prompt: sha(prompt), stdin: '', mode: '600', image: null, dry: false },
        ...{ model: 'big', resumed: null, turn: null },
      });
      expect(first).toMatchObject({ providerSessionId: 'talk-7', usage: { costUsd: 0.25 } });
      const second = await answerTo(session, 'more', { readOnly: true });
      expect(reportOf(second)).toMatchObject({
        ...{ prompt: sha('more'), dry: true, resumed: 'talk-7', turn: '1' },
      });
      expect(await readdir(join(root, 'project'))).toEqual([]);
    });

    it('see the images of a turn as they are', async () => {
      const session = await open(where, 'REPORTER', { custom: { ...REPORTING, prompt: 'stdin' } });
      const image = { name: '../a b.png', mediaType: 'image/png', data: PIXEL };
      expect(reportOf(await answerTo(session, 'look', { images: [image] }))).toMatchObject({
        ...{ prompt: sha('look'), image: PIXEL },
      });
    });

    it('say text, whose characters may come in pieces', async () => {
      const session = await open(where, 'SPLITTER', { custom: TEXT });
      expect(await answerTo(session, 'x')).toMatchObject({
        ...{ state: 'completed', text: 'grüße 🎉\nsecond', exitCode: 0, usage: null },
      });
    });

    it('fail by their exit code, with their last words', async () => {
      const session = await open(where, 'ENDER', { custom: TEXT });
      expect(await answerTo(session, '0')).toMatchObject({ state: 'completed', text: 'partial' });
      expect(await answerTo(session, '3')).toMatchObject({
        ...{ state: 'failed', exitCode: 3 },
        error: { code: 'agent/crashed', message: expect.stringMatching(/it went wrong$/) },
      });
      expect(await answerTo(session, 'kill')).toMatchObject({
        ...{ state: 'failed', signal: 'SIGKILL', error: { code: 'agent/crashed' } },
      });
    });

    it('fail when what was declared is not in their output', async () => {
      const output = { format: 'ndjson', text: '/out/text' };
      const session = await open(where, 'REPORTER', { custom: { prompt: 'stdin', output } });
      expect(await answerTo(session, 'x')).toMatchObject({
        ...{ state: 'failed', exitCode: 0 },
        error: { code: 'agent/protocol', message: expect.stringContaining('/out/text') },
      });
    });

    it('are cancelled, and leave no process', async () => {
      const session = await open(where, 'ENDER', { custom: TEXT });
      const turn = await send(session, 'hang');
      await api.until<{ items: { type: string }[] }>(
        `/events?stream=session:${session.id}&limit=100`,
        ({ items }) => items.some(({ type }) => type === 'turn.output'),
      );
      const pid = Number(await readFile(join(root, 'pid'), 'utf8'));
      expect(process.kill(pid, 0)).toBe(true);
      await api.post(`/turns/${turn.id}/cancel`);
      expect(await turnEnded(api, turn.id)).toMatchObject({ state: 'cancelled' });
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    });
  });

  const refusal = async (
    method: 'POST' | 'PATCH',
    path: string,
    body: object,
  ): Promise<string[]> => {
    const answer = await api.call<{ code: string; errors?: { pointer: string }[] }>(
      ...([method, path, body] as const),
    );
    expect(answer.status).toBe(422);
    return (answer.body.errors ?? []).map(({ pointer }) => pointer);
  };

  it('are refused where their definition is missing, wrong, or of another agent', async () => {
    const session = { name: 'x', agent: 'custom', command: '/opt/agent' };
    const bad = { ...REPORTING, output: { format: 'json', text: 'out' } };
    expect(await refusal('POST', '/sessions', session)).toEqual(['/custom']);
    expect(await refusal('POST', '/sessions', { ...session, custom: bad })).toEqual([
      '/custom/output/text',
    ]);
    expect(await refusal('POST', '/sessions', { ...session, custom: REPORTING })).toEqual([
      '/args',
    ]);
    expect(
      await refusal('POST', '/sessions', { ...session, custom: TEXT, args: ['{promptFile}'] }),
    ).toEqual(['/args/0']);
    expect(await refusal('POST', '/sessions', { ...session, custom: TEXT, model: 'm' })).toEqual([
      '/model',
    ]);
    expect(
      await refusal('POST', '/sessions', { name: 'x', agent: 'custom', custom: TEXT }),
    ).toEqual(['/command']);
    expect(await refusal('POST', '/sessions', { ...session, agent: 'demo', custom: TEXT })).toEqual(
      ['/custom'],
    );
  });

  it('can be defined anew, as far as it fits the rest of their session', async () => {
    const session = await open('local', 'REPORTER', { custom: TEXT });
    const path = `/sessions/${session.id}`;
    expect(await refusal('PATCH', path, { custom: REPORTING })).toEqual(['/args']);
    expect(await refusal('POST', `${path}/turns`, { prompt: 'x', readOnly: true })).toEqual([
      '/readOnly',
    ]);
    const args = ['--in', '{promptFile}'];
    expect(await api.ok('PATCH', path, { custom: REPORTING, args })).toMatchObject({
      ...{ readOnly: 'advisory', custom: REPORTING },
    });
    expect(await refusal('PATCH', path, { args: [] })).toEqual(['/args']);
    expect(reportOf(await answerTo(session, 'x', { readOnly: true }))).toMatchObject({ dry: true });
  });

  it('keep their definition while a turn is read by it', async () => {
    const session = await open('local', 'ENDER', { custom: TEXT });
    const path = `/sessions/${session.id}`;
    const turn = await send(session, 'hang');
    const json = { ...TEXT, output: { format: 'json', text: '/out' } };
    expect(await api.call('PATCH', path, { custom: json })).toMatchObject({
      ...{ status: 409, body: { code: 'sessions/busy' } },
    });
    expect(await api.ok('PATCH', path, { custom: TEXT, name: 'renamed' })).toMatchObject({
      custom: TEXT,
    });
    await api.post(`/turns/${turn.id}/cancel`);
    await turnEnded(api, turn.id);
    expect(await api.ok('PATCH', path, { custom: json })).toMatchObject({ custom: json });
  });
});

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
