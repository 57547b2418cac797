import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type TestAnswer } from '../../src/modules/remotes/remotes.schemas.js';
import { sshdAvailable, type TestSshd } from '../support/sshd.js';
import { describeStores } from '../support/stores.js';
import { remoteBody, SessionsWorld } from './sessions.world.js';

const run = promisify(execFile);
const A_REMOTE = { name: 'box', host: 'box.example', env: { TOKEN: 's3cret', OTHER: 'x' } };

describeStores('the registry of remotes', (kind) => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
  }, 120_000);
  afterAll(() => world.close());

  const pointers = async (
    method: 'POST' | 'PATCH',
    path: string,
    body: object,
  ): Promise<string[]> => {
    const answer = await world.api.call<{ errors?: { pointer: string }[] }>(method, path, body);
    expect(answer.status).toBe(422);
    return (answer.body.errors ?? []).map(({ pointer }) => pointer);
  };

  it('keeps, merges, masks and forgets', async () => {
    const made = await world.api.call<Remote>('POST', '/remotes', {
      ...A_REMOTE,
      privateKey: 'not shown',
      passphrase: 'nor this',
      port: 2222,
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        port: 2222,
        username: null,
        privateKeyPath: null,
        hasPrivateKey: true,
        workingDirectory: null,
        env: { TOKEN: '***', OTHER: '***' },
        enabled: true,
        useSshConfig: false,
        hostKeyPolicy: 'accept-new',
        isDefault: false,
        state: { status: 'unknown', latencyMs: null, error: null },
      },
    });
    const path = `/remotes/${made.body.id}`;
    expect(made.headers.get('location')).toBe(`/api/v1${path}`);
    const patched = await world.api.ok<Remote>('PATCH', path, {
      port: null,
      username: 'ada',
      env: { OTHER: null, NEW: 'y' },
    });
    expect(patched).toMatchObject({
      name: 'box',
      port: null,
      username: 'ada',
      hasPrivateKey: true,
      env: { TOKEN: '***', NEW: '***' },
    });
    expect(patched.env).not.toHaveProperty('OTHER');
    const everything = JSON.stringify([
      made.body,
      patched,
      await world.api.get('/remotes'),
      await world.events(`remote:${made.body.id}`),
    ]);
    expect(everything).not.toMatch(/s3cret|not shown|nor this/);
    expect((await world.api.call('DELETE', path)).status).toBe(204);
    expect(await world.api.call('GET', path)).toMatchObject({
      status: 404,
      body: { code: 'remotes/not-found' },
    });
  });

  it('points at what is wrong with a body', async () => {
    const { id } = await world.api.post<Remote>('/remotes', { ...A_REMOTE, name: 'wrong' });
    const path = `/remotes/${id}`;
    expect(await pointers('PATCH', path, { env: { 'a b': 'x' } })).toEqual(['/env/a b']);
    expect(await pointers('PATCH', path, { host: '-oProxyCommand=x' })).toEqual(['/host']);
    expect(await pointers('PATCH', path, { port: 0, surprise: 1 })).toEqual(['/port', '/surprise']);
    const both = { privateKey: 'x', privateKeyPath: '/x' };
    expect(await pointers('PATCH', path, both)).toEqual(['/privateKey']);
    expect(await pointers('POST', '/remotes', { ...A_REMOTE, ...both })).toEqual(['/privateKey']);
    const twin = await world.api.call('POST', '/remotes', { ...A_REMOTE, name: 'WRONG' });
    expect(twin).toMatchObject({ status: 409, body: { code: 'remotes/name-taken' } });
  });

  it('marks one default, which is a marker only', async () => {
    const [one, two] = [
      await world.api.post<Remote>('/remotes', { ...A_REMOTE, name: 'one' }),
      await world.api.post<Remote>('/remotes', { ...A_REMOTE, name: 'two' }),
    ];
    const marked = async (): Promise<string[]> =>
      (await world.api.get<{ items: Remote[] }>('/remotes')).items
        .filter(({ isDefault }) => isDefault)
        .map(({ name }) => name);
    await Promise.all([one, two].map(({ id }) => world.api.ok('PUT', `/remotes/${id}/default`)));
    expect(await marked()).toHaveLength(1);
    await world.api.ok('PUT', `/remotes/${two.id}/default`);
    expect(await marked()).toEqual(['two']);
    const session = await world.demo('local', await world.stage());
    expect(session).toMatchObject({ remoteId: null, target: { kind: 'local' } });
    await world.api.ok('DELETE', `/remotes/${two.id}/default`);
    expect(await marked()).toEqual([]);
  });

  it('finds the agents of this machine', async () => {
    const agents = await world.api.get<object[]>('/hosts/local/agents');
    expect(agents).toContainEqual(
      expect.objectContaining({ agent: 'demo', found: true, path: expect.stringMatching(/^\//) }),
    );
  });
});

const suite = sshdAvailable()
  ? describeStores
  : (title: string, tests: (kind: 'embedded') => void): void => {
      describe.skip(`${title} (this machine has no sshd)`, () => {
        tests('embedded');
      });
    };

suite('a remote behind a real sshd', (kind) => {
  let world: SessionsWorld;
  let sshd: TestSshd;
  beforeAll(async () => {
    world = await SessionsWorld.open(kind);
    sshd = world.sshd as TestSshd;
  }, 120_000);
  afterAll(() => world.close());

  const add = (name: string, more: object = {}): Promise<Remote> =>
    world.api.post<Remote>('/remotes', remoteBody(sshd, name, more));
  const test = async (remote: Remote, body: object = {}): Promise<TestAnswer> => {
    const answer = await world.api.call<TestAnswer>('POST', `/remotes/${remote.id}/test`, body);
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const draft = async (more: object): Promise<TestAnswer> => {
    const body = remoteBody(sshd, 'a draft', more);
    const answer = await world.api.call<TestAnswer>('POST', '/remotes/test', body);
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const statuses = async (remote: Remote): Promise<unknown[]> =>
    (await world.events(`remote:${remote.id}`)).map(({ type, data }) => {
      expect(type).toBe('remote.state');
      return (data as unknown as { state: Remote['state'] }).state.status;
    });

  it('is tested in the way in which it is used, and tells its state', async () => {
    const remote = await add('tested');
    const answer = await test(remote, { agent: 'demo' });
    expect(answer).toMatchObject({
      ok: true,
      hostname: expect.stringMatching(/./),
      os: expect.stringContaining(' '),
      shell: expect.stringMatching(/^\//),
      latencyMs: expect.any(Number),
      hostKey: { fingerprint: sshd.hostKeyFingerprint },
      agent: { agent: 'demo', found: true, version: expect.stringMatching(/^v\d/) },
    });
    expect(await statuses(remote)).toEqual(['unknown', 'connecting', 'online']);
    expect((await world.api.get<Remote>(`/remotes/${remote.id}`)).state).toMatchObject({
      status: 'online',
      latencyMs: answer.latencyMs,
      error: null,
    });
    const agents = await world.api.get<object[]>(`/remotes/${remote.id}/agents`);
    expect(agents).toContainEqual(expect.objectContaining({ agent: 'demo', found: true }));
    expect(await test(remote, { agent: 'demo', command: 'no-such-agent' })).toMatchObject({
      ok: false,
      agent: { found: false },
      error: { code: 'agent/binary-not-found', hint: expect.stringMatching(/./) },
    });
    await world.api.ok('PATCH', `/remotes/${remote.id}`, { enabled: false });
    expect(await test(remote)).toMatchObject({ ok: false, error: { code: 'remotes/disabled' } });
  });

  it('is told apart from one that cannot be reached or entered, saved or not', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const hostKey = await readFile(join(sshd.dir, 'host_key'), 'utf8');
    const cases: [object, string][] = [
      [{ port }, 'ssh/refused'],
      [{ host: 'no-such-host.invalid' }, 'ssh/unresolved'],
      [{ privateKeyPath: join(sshd.dir, 'nothing') }, 'ssh/key-not-found'],
      [{ privateKeyPath: null, privateKey: hostKey }, 'ssh/auth-failed'],
      [{ hostKeyPolicy: 'strict' }, 'ssh/host-key-unknown'],
    ];
    for (const [more, code] of cases) {
      const expected = { ok: false, error: { code, hint: expect.stringMatching(/./) } };
      expect(await draft(more)).toMatchObject(expected);
      expect(await test(await add(code, more))).toMatchObject(expected);
    }
    expect(await draft({})).toMatchObject({
      ok: true,
      hostKey: { fingerprint: sshd.hostKeyFingerprint },
    });
  });

  it('can be entered with a key that is kept sealed, or opened with a passphrase', async () => {
    const privateKey = sshd.clientKey.toString();
    const sealed = await add('sealed', { privateKeyPath: null, privateKey });
    expect(await test(sealed)).toMatchObject({ ok: true });
    const path = join(await world.stage(), 'locked');
    await run('cp', ['-p', sshd.clientKeyPath, path]);
    await run('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', path]);
    const locked = await add('locked', { privateKeyPath: path });
    expect(await test(locked)).toMatchObject({
      ok: false,
      error: { code: 'ssh/key-passphrase-required' },
    });
    await world.api.ok('PATCH', `/remotes/${locked.id}`, { passphrase: 'open sesame' });
    expect(await test(locked)).toMatchObject({ ok: true });
    expect(await draft({ privateKeyPath: path, passphrase: 'open sesame' })).toMatchObject({
      ok: true,
    });
  });

  it('is not spoken to when its host key has changed, until a person accepts the new one', async () => {
    const remote = await add('pinned');
    const path = `/remotes/${remote.id}/host-key`;
    expect(await test(remote)).toMatchObject({ ok: true });
    const first = sshd.hostKeyFingerprint;
    expect(await world.api.get(path)).toMatchObject({ pinned: { fingerprint: first } });

    await sshd.restart({ newHostKey: true });
    sshd.cutConnections();
    const stage = await world.stage();
    const session = await world.actor('ssh', stage, { remoteId: remote.id });
    const turn = await world.ended(await world.ask(session, 'x'));
    expect(turn).toMatchObject({ state: 'failed', error: { code: 'ssh/host-key-changed' } });
    expect(await world.starts(stage)).toEqual([]);
    await world.api.until<Remote>(
      `/remotes/${remote.id}`,
      ({ state }) => state.status === 'host-key-changed',
    );
    expect(await world.api.get(path)).toMatchObject({
      pinned: { fingerprint: first },
      offered: { fingerprint: sshd.hostKeyFingerprint },
    });

    const other = await world.api.call('POST', `${path}/accept`, {
      fingerprint: `SHA256:${'A'.repeat(43)}`,
    });
    expect(other).toMatchObject({ status: 409, body: { code: 'remotes/host-key-not-offered' } });
    expect(await test(remote)).toMatchObject({ error: { code: 'ssh/host-key-changed' } });
    await world.api.post(`${path}/accept`, { fingerprint: sshd.hostKeyFingerprint });
    expect(await world.told(session, 'y')).toMatchObject({ head: 'y' });
    expect(await world.api.get(path)).toMatchObject({
      pinned: { fingerprint: sshd.hostKeyFingerprint },
      offered: { fingerprint: sshd.hostKeyFingerprint },
    });
  });
});
