import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type TestAnswer } from '../../src/modules/remotes/remotes.schemas.js';
import { type Worktree } from '../../src/modules/worktrees/index.js';
import { PLACES, remoteBody, SessionsWorld, WITHOUT_SSH } from '../integration/sessions.world.js';
import { type Answer } from '../support/api.js';

interface Problem {
  code: string;
  errors?: { pointer: string }[];
}

/**
 * Texts that some shell, `ssh`, `git` or `env` takes for more than a text. Each makes a file in the working directory,
 * the home directory or /tmp of whoever executes it: its name begins with `canary`.
 */
const CANARY = `canary-${process.pid}-${Date.now()}`;
const TRAPS = [
  '$(touch canary)',
  '`touch canary`',
  '; touch canary ;',
  '| touch canary',
  '& touch canary &',
  "' ; touch canary ; '",
  '" ; touch canary ; "',
  '\\"; touch canary',
  '${IFS}$(touch${IFS}canary)',
  '-oProxyCommand=touch canary',
  '--upload-pack=touch canary',
  '-rf',
  '~root',
  '!touch canary',
  '%r$(touch canary)%h',
  'a[$(touch canary)]',
  '(){ :;}; touch canary',
  '\u202etouch canary\u202c',
].map((trap) => trap.replaceAll('canary', CANARY));
const [SUBSTITUTION = ''] = TRAPS;
/** One directory below the other. */
const DEEP = [...TRAPS, 'two\nlines', ' blank ', '$HOME', '*'].join('/');

describe(`Input that means something to a shell${WITHOUT_SSH}`, () => {
  let world: SessionsWorld;
  beforeAll(async () => {
    world = await SessionsWorld.open('embedded');
  }, 120_000);
  afterAll(() => world.close());

  /** Wherever a canary could have come to life: nothing was executed. */
  const noCanary = async (stage: string): Promise<void> => {
    const { sshd, dir, server } = world;
    const places = [
      stage,
      dir,
      server.dataDir,
      process.cwd(),
      '/',
      '/tmp',
      process.env['HOME'] ?? '/',
    ];
    if (sshd) places.push(sshd.home, sshd.dir);
    for (const place of places) {
      const names = await readdir(place);
      expect(names.filter((name) => name.startsWith(CANARY))).toEqual([]);
    }
  };
  const refused = (answer: Answer<Problem>, pointer: string): void => {
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer).toMatchObject({ status: 422, body: { code: expect.stringMatching(/\//) } });
    expect((answer.body.errors ?? []).map((error) => error.pointer)).toEqual([pointer]);
  };
  const post = (path: string, body: object): Promise<Answer<Problem>> =>
    world.api.call<Problem>('POST', path, body);

  it('is no host name and no user name', async () => {
    const stage = await world.stage();
    const body = { name: 'hostile', host: '127.0.0.1', port: 1 };
    for (const trap of [...TRAPS.filter((each) => each !== '~root'), 'a\nb', 'a\0b', 'a b', '']) {
      refused(await post('/remotes', { ...body, host: trap }), '/host');
      refused(await post('/remotes/test', { ...body, host: trap }), '/host');
      refused(await post('/remotes/import', { host: trap }), '/host');
      refused(await post('/remotes', { ...body, username: trap }), '/username');
      refused(await post('/remotes/test', { ...body, username: trap }), '/username');
    }
    for (const host of ['a@b', 'a:22', 'a/b', '[::1]', 'a%b', '~root']) {
      refused(await post('/remotes', { ...body, host }), '/host');
    }
    await noCanary(stage);
  });

  it('is a name of a remote or session, to the letter, unless it cannot be shown', async () => {
    const stage = await world.stage();
    for (const trap of TRAPS.filter((each) => !each.includes('\u202e'))) {
      const remote = await world.api.post<Remote>('/remotes', {
        name: trap,
        host: '127.0.0.1',
        port: 1,
      });
      expect(remote.name).toBe(trap);
      expect((await world.api.get<Remote>(`/remotes/${remote.id}`)).name).toBe(trap);
      await world.api.call('DELETE', `/remotes/${remote.id}`);
      expect((await world.actor('local', stage, { name: trap })).name).toBe(trap);
    }
    for (const name of ['a\nb', 'a\0b', 'a\u001b[2Jb', '\u202egnp.exe']) {
      refused(await post('/remotes', { name, host: 'localhost' }), '/name');
    }
    await noCanary(stage);
  });

  it('is no name of a variable, nor are those by which a shell would evaluate a value', async () => {
    const stage = await world.stage();
    const session = await world.actor('local', stage);
    const names = [
      `A;touch ${CANARY}`,
      SUBSTITUTION,
      'A=B',
      'a b',
      '-A',
      '',
      'A\n',
      'IFS',
      'OPTIND',
      'RANDOM',
    ];
    for (const name of names) {
      const env = { [name]: `a[${SUBSTITUTION}]` };
      const pointer = `/env/${name}`;
      refused(await post('/remotes', { name: 'x', host: 'localhost', env }), pointer);
      const path = `/sessions/${session.id}`;
      refused(await world.api.call<Problem>('PATCH', path, { env }), pointer);
    }
    refused(await post('/remotes', { name: 'x', host: 'localhost', env: { A: 'a\0b' } }), '/env/A');
    await noCanary(stage);
  });

  it.each(PLACES)(
    'is, on %s, an argument, a value, a prompt and a model as it was given',
    async (place) => {
      const stage = await world.stage();
      const text = TRAPS.join('\n');
      const session = await world.actor(place, stage, {
        args: TRAPS,
        env: { ACTOR_LINES: text, MAESTRO_DEMO_TRAP: SUBSTITUTION },
      });
      const told = await world.told(session, `${SUBSTITUTION}\n${text}`);
      expect(told.args.slice(-TRAPS.length)).toEqual(TRAPS);
      await noCanary(stage);
    },
  );

  it.each(PLACES)(
    'is, on %s, a directory to work in, and a program to work with',
    async (place) => {
      const stage = await world.stage();
      const cwd = join(stage, DEEP);
      const missing = await world.actor(place, stage, { cwd });
      expect(await world.ended(await world.ask(missing, 'x'))).toMatchObject({
        state: 'failed',
        error: { code: 'host/cwd-missing', message: expect.stringContaining(cwd) },
      });
      await mkdir(cwd, { recursive: true });
      expect(await world.told(missing, 'x')).toMatchObject({ cwd });
      const command = join(stage, TRAPS.join('/'), 'the agent; exit');
      const session = await world.actor(place, stage, { cwd, command });
      expect(await world.ended(await world.ask(session, 'x'))).toMatchObject({
        state: 'failed',
        error: { code: 'agent/binary-not-found', message: expect.stringContaining(command) },
      });
      await copyFile(join(world.dir, 'actor'), command);
      expect(await world.told(session, 'x')).toMatchObject({ cwd });
      for (const trap of [SUBSTITUTION, '-rf', '!touch x', '(){ :;}; id']) {
        const bare = await world.actor(place, stage, { command: trap });
        expect(await world.ended(await world.ask(bare, 'x'))).toMatchObject({
          state: 'failed',
          error: { code: 'agent/command-not-found', message: expect.stringContaining(trap) },
        });
      }
      refused(await post('/sessions', { name: 'x', agent: 'demo', cwd: '/a\0b' }), '/cwd');
      refused(await post('/sessions', { name: 'x', agent: 'demo', cwd: '-rf' }), '/cwd');
      refused(
        await post('/sessions', { name: 'x', agent: 'demo', cwd: '/', command: 'a\nb' }),
        '/command',
      );
      refused(
        await post('/sessions', { name: 'x', agent: 'demo', cwd: '/', args: ['a\0b'] }),
        '/args/0',
      );
      await noCanary(stage);
    },
  );

  it.each(PLACES)('is, on %s, a document', async (place) => {
    const stage = await world.stage();
    const session = await world.demo(place, stage, { autoRunFolder: SUBSTITUTION });
    for (const trap of TRAPS) {
      const path = `/sessions/${session.id}/documents/${encodeURIComponent(`${trap}.md`)}`;
      const made = await world.api.call('PUT', path, { content: `- [ ] ${trap}\n` });
      expect([200, 201]).toContain(made.status);
      expect(await world.api.get(path)).toMatchObject({ content: `- [ ] ${trap}\n` });
    }
    const { items } = await world.api.get<{ items: { path: string }[] }>(
      `/sessions/${session.id}/documents`,
    );
    expect(items.map(({ path }) => path).sort()).toEqual(TRAPS.map((trap) => `${trap}.md`).sort());
    await noCanary(stage);
  });

  it.each(PLACES)('is, on %s, a branch, or is refused as none', async (place) => {
    const stage = await world.stage();
    const repository = join(stage, `repository ${SUBSTITUTION}`);
    const git = (...args: string[]): string =>
      execFileSync('git', [
        '-C',
        repository,
        '-c',
        'user.name=a',
        '-c',
        'user.email=a@b',
        ...args,
      ]).toString();
    await mkdir(repository);
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'x');
    const session = await world.actor(place, repository);
    for (const branch of TRAPS) {
      const answer = await world.api.call<Worktree>('POST', `/sessions/${session.id}/worktrees`, {
        branch,
      });
      if (answer.status === 201 || answer.status === 202) expect(answer.body.branch).toBe(branch);
      else
        expect(answer).toMatchObject({ status: 422, body: { code: expect.stringMatching(/\//) } });
      const from = { branch: 'plain', base: `no${branch}` };
      const based = await world.api.call('POST', `/sessions/${session.id}/worktrees`, from);
      expect(based.status).toBeGreaterThanOrEqual(400);
      expect(based.status).toBeLessThan(500);
    }
    const legal = await world.api.call<Worktree>('POST', `/sessions/${session.id}/worktrees`, {
      branch: `x;touch\${IFS}${CANARY};$(id)`,
    });
    expect(legal).toMatchObject({ body: { branch: `x;touch\${IFS}${CANARY};$(id)` } });
    await noCanary(stage);
    await noCanary(repository);
  });

  (WITHOUT_SSH === '' ? it : it.skip)(
    'is a path of a private key, and a command that a test looks for',
    async () => {
      const stage = await world.stage();
      if (!world.sshd || !world.remote) throw new Error('This world has no sshd');
      const privateKeyPath = join(stage, TRAPS.join('/'), SUBSTITUTION);
      const body = remoteBody(world.sshd, 'a draft', { privateKeyPath });
      expect(await world.api.post<TestAnswer>('/remotes/test', body)).toMatchObject({
        ok: false,
        error: { code: 'ssh/key-not-found', message: expect.stringContaining(privateKeyPath) },
      });
      await mkdir(dirname(privateKeyPath), { recursive: true });
      await copyFile(world.sshd.clientKeyPath, privateKeyPath);
      expect(await world.api.post<TestAnswer>('/remotes/test', body)).toMatchObject({ ok: true });
      for (const command of [SUBSTITUTION, '-rf', '--help', privateKeyPath]) {
        const asked = { agent: 'demo', command };
        const path = `/remotes/${world.remote.id}/test`;
        expect(await world.api.post<TestAnswer>(path, asked)).toMatchObject({
          ok: false,
          agent: { found: false },
          error: { code: 'agent/binary-not-found', message: expect.stringContaining(command) },
        });
      }
      await noCanary(stage);
    },
  );
});
