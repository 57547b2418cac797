import { afterEach, describe, expect, it } from '@jest/globals';
import { aSession, aTurn } from './answers.js';
import { FakeServer, maestro, type Outcome } from './fake-server.js';

const SESSION = '/sessions/019a0000-0000-7000-8000-00000000000a';
const FIRST = '019a0000-0000-7000-8000-0000000000f1';
const SECOND = '029a0000-0000-7000-8000-0000000000f2';
const servers: FakeServer[] = [];

const queued = (id: string, prompt: string, more: object = {}): object =>
  aTurn({ id, prompt, held: false, readOnly: false, ...more });

const setup = async (): Promise<FakeServer> => {
  const server = await FakeServer.start();
  servers.push(server);
  const queue = [
    queued(FIRST, 'Write\n  a long  story', { readOnly: true }),
    queued(SECOND, 'x'.repeat(100), { held: true }),
  ];
  return server
    .list('/sessions', [aSession()])
    .list(`${SESSION}/queue`, queue)
    .on(`PATCH ${SESSION}`, ({ body }) => ({ body: { ...aSession(), ...(body as object) } }))
    .on(`PATCH /turns/${SECOND}`, ({ body }) => ({
      body: queued(SECOND, '', body as object),
    }))
    .on(`POST /turns/${SECOND}/cancel`, { body: queued(SECOND, '', { state: 'cancelled' }) });
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** What a command of the queue sends, besides looking the session and the turn up. */
const sent = async (...argv: string[]): Promise<Outcome & { sent: object[] }> => {
  const server = await setup();
  const outcome = await maestro(server, ['sessions', 'queue', ...argv], { stdin: 'From a pipe' });
  const calls = server.calls.filter(({ method }) => method !== 'GET');
  return { ...outcome, sent: calls.map(({ method, path, body }) => ({ method, path, body })) };
};
const patched = (path: string, body: object): object => ({ method: 'PATCH', path, body });

describe('The queue of a session', () => {
  it('is shown in its order', async () => {
    const { stdout } = await sent('list', 'web');
    expect(stdout.split('\n')).toEqual([
      'PLACE  STATE             ID                                    PROMPT',
      `0      waits, read-only  ${FIRST}  Write a long story`,
      `1      held              ${SECOND}  ${'x'.repeat(59)}…`,
      '',
    ]);
  });

  it('is held and goes on, whole or a turn of it', async () => {
    expect(await sent('hold', 'web')).toMatchObject({
      sent: [patched(SESSION, { held: true })],
      stdout: 'The queue of web is held\n',
    });
    expect(await sent('release', 'web')).toMatchObject({
      sent: [patched(SESSION, { held: false })],
    });
    expect(await sent('hold', 'web', '029a')).toMatchObject({
      sent: [patched(`/turns/${SECOND}`, { held: true })],
      stdout: `Turn ${SECOND} is held\n`,
    });
  });

  it('is edited, put into another order, and shortened', async () => {
    expect(await sent('edit', 'web', '029a', 'Write a poem')).toMatchObject({
      sent: [patched(`/turns/${SECOND}`, { prompt: 'Write a poem' })],
    });
    expect(await sent('edit', 'web', SECOND)).toMatchObject({
      sent: [patched(`/turns/${SECOND}`, { prompt: 'From a pipe' })],
    });
    expect(await sent('move', 'web', '029a', '0')).toMatchObject({
      sent: [patched(`/turns/${SECOND}`, { position: 0 })],
    });
    expect(await sent('rm', 'web', '029a')).toMatchObject({
      sent: [
        patched(`/turns/${SECOND}`, { held: true }),
        { method: 'POST', path: `/turns/${SECOND}/cancel` },
      ],
      stdout: `Turn ${SECOND} is cancelled\n`,
    });
  });

  it('says when it has no such turn, and does nothing', async () => {
    expect(await sent('rm', 'web', '039a')).toMatchObject({ exitCode: 3, sent: [] });
    // A whole id, of a turn that has begun or is another session's.
    const other = SECOND.replace('029a', '099a');
    expect(await sent('rm', 'web', other)).toMatchObject({ exitCode: 3, sent: [] });
    expect(await sent('move', 'web', '029a', 'first')).toMatchObject({ exitCode: 2, sent: [] });
  });
});

describe('A session', () => {
  it('is changed, and what is empty is taken back', async () => {
    const server = await setup();
    const { exitCode } = await maestro(server, [
      ...['sessions', 'update', 'web', '--effort', 'high', '--model', '', '--local'],
      ...['--name', 'site', '--env', 'LEVEL=3'],
    ]);
    expect(exitCode).toBe(0);
    expect(server.calls.find(({ method }) => method === 'PATCH')?.body).toEqual({
      ...{ effort: 'high', model: null, remoteId: null, name: 'site', env: { LEVEL: '3' } },
    });
  });
});
