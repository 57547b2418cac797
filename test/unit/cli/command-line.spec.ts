import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { aRemote, aSession } from './answers.js';
import { FakeServer, maestro, problem } from './fake-server.js';

const servers: FakeServer[] = [];
const setup = async (): Promise<FakeServer> => {
  const server = await FakeServer.start();
  servers.push(server);
  return server;
};

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const WEB = '019a0000-0000-7000-8000-00000000000a';
const API = '019b0000-0000-7000-8000-00000000000b';

describe('the command line', () => {
  it('shows a list as a table, and as JSON where that is asked for', async () => {
    const server = (await setup()).list('/remotes', [aRemote()]);
    const table = await maestro(server, ['remotes', 'list']);
    expect(table.exitCode).toBe(0);
    expect(table.stdout).toMatch(/^NAME +STATE +ADDRESS +ID\nbox +online +ada@box\.test:22 +019a/);
    const json = await maestro(server, ['remotes', 'list', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ items: [{ name: 'box' }] });
  });

  it('shows on a terminal what would command it, and passes it on to a pipe', async () => {
    const name = 'box\u001b]0;owned\u0007\u009b2J';
    const server = (await setup()).list('/remotes', [aRemote({ name })]);
    const terminal = await maestro(server, ['remotes', 'list'], { isTTY: true });
    expect(terminal.stdout).toContain('box^[]0;owned^G<9B>2J');
    expect(terminal.stdout).not.toMatch(/[^\P{Cc}\n]/u);
    expect((await maestro(server, ['remotes', 'list'])).stdout).toContain(name);
  });

  it('reads every page of a list', async () => {
    const server = (await setup()).on('GET /sessions', ({ query }) =>
      query.get('cursor') === null
        ? { body: { items: [aSession()], nextCursor: 'more' } }
        : { body: { items: [aSession({ id: API, name: 'api' })], nextCursor: null } },
    );
    const { stdout } = await maestro(server, ['sessions', 'list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ name: 'web' }, { name: 'api' }] });
  });

  it('sends the token that the environment gives, and rather the one that is given to it', async () => {
    const server = (await setup()).list('/sessions', []);
    await maestro(server, ['sessions', 'list']);
    await maestro(server, ['--token', 'other', 'sessions', 'list']);
    expect(server.calls.map(({ authorization }) => authorization)).toEqual([
      'Bearer good-token',
      'Bearer other',
    ]);
  });

  it("takes the token of a local server's data directory when none is given", async () => {
    const server = (await setup()).list('/sessions', []);
    const directory = await mkdtemp(join(tmpdir(), 'maestro-cli-'));
    await writeFile(join(directory, 'admin-token'), 'kept-token\n');
    const env = { MAESTRO_TOKEN: '', MAESTRO_DATA_DIR: directory };
    await maestro(server, ['sessions', 'list'], { env });
    expect(server.calls[0]?.authorization).toBe('Bearer kept-token');
    await rm(directory, { recursive: true });
  });

  it('does not give the token of a local server to another machine', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'maestro-cli-'));
    await writeFile(join(directory, 'admin-token'), 'kept-token\n');
    const { connectionOf } = await import('../../../src/cli/connection.js');
    const env = { MAESTRO_DATA_DIR: directory };
    await expect(connectionOf({ server: 'https://elsewhere.test' }, env)).resolves.toMatchObject({
      token: null,
    });
    await rm(directory, { recursive: true });
  });

  it('finds a session by its name and by the beginning of its id', async () => {
    const sessions = [aSession({ id: WEB, name: 'web' }), aSession({ id: API, name: 'api' })];
    const server = (await setup())
      .list('/sessions', sessions)
      .on(`GET /sessions/${API}`, { body: sessions[1] });
    const byName = await maestro(server, ['sessions', 'show', 'api', '--json']);
    const byPrefix = await maestro(server, ['sessions', 'show', '019b', '--json']);
    expect(JSON.parse(byName.stdout)).toMatchObject({ id: API });
    expect(byPrefix).toEqual(byName);
  });

  it('says that a name is unknown with 3, and that it fits several with 2', async () => {
    const sessions = [aSession({ id: WEB, name: 'twin' }), aSession({ id: API, name: 'twin' })];
    const server = (await setup()).list('/sessions', sessions);
    const unknown = await maestro(server, ['sessions', 'show', 'nobody']);
    expect(unknown).toMatchObject({ exitCode: 3, stdout: '' });
    expect(unknown.stderr).toContain('There is no session "nobody"');
    const twin = await maestro(server, ['sessions', 'show', 'twin']);
    expect(twin.exitCode).toBe(2);
    expect(twin.stderr).toContain(`${WEB}, ${API}`);
  });

  it('shows a refusal with its remedy on stderr, and where in the request the fault lies', async () => {
    const server = (await setup()).on(
      'POST /sessions',
      problem(422, 'http/invalid', 'The request is not valid', {
        hint: 'Look at the fields.',
        errors: [{ pointer: '/cwd', detail: 'must be absolute' }],
      }),
    );
    const outcome = await maestro(server, ['sessions', 'create', 'web', '-a', 'demo', '-d', 'x']);
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).toContain('The request is not valid (http/invalid)');
    expect(outcome.stderr).toContain('/cwd: must be absolute');
    expect(outcome.stderr).toContain('Look at the fields.');
  });

  it('defines a custom agent by a file', async () => {
    const server = (await setup()).on('POST /sessions', { body: aSession() });
    const dir = await mkdtemp(join(tmpdir(), 'maestro-cli-'));
    const file = join(dir, 'agent.json');
    const create = (): ReturnType<typeof maestro> =>
      maestro(server, [
        ...['sessions', 'create', 'web', '-a', 'custom', '--command', '/opt/agent'],
        ...['--custom', file],
      ]);
    try {
      const custom = { prompt: 'stdin', output: { format: 'text' } };
      await writeFile(file, JSON.stringify(custom));
      expect((await create()).exitCode).toBe(0);
      expect(server.calls.at(-1)?.body).toMatchObject({ agent: 'custom', custom });
      await writeFile(file, '{');
      expect(await create()).toMatchObject({
        ...{ exitCode: 2, stderr: expect.stringContaining('holds no JSON') },
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('tells a refusal as JSON where JSON is asked for', async () => {
    const server = (await setup()).on('GET /remotes', problem(401, 'access/unauthenticated', 'No'));
    const outcome = await maestro(server, ['remotes', 'list', '--json']);
    expect(outcome.exitCode).toBe(6);
    expect(JSON.parse(outcome.stderr)).toMatchObject({
      error: { code: 'access/unauthenticated', exitCode: 6 },
    });
  });

  it('says with 9 that no server answers', async () => {
    const server = await setup();
    const gone = { url: server.url, token: server.token };
    await servers.pop()?.stop();
    const outcome = await maestro(gone, ['remotes', 'list']);
    expect(outcome.exitCode).toBe(9);
    expect(outcome.stderr).toContain(`No Maestro server answers at ${gone.url}`);
  });

  it.each([
    ['an unknown command', ['dance']],
    ['an unknown option', ['remotes', 'list', '--loudly']],
    ['a missing argument', ['remotes', 'show']],
    ['a port that is no number', ['remotes', 'add', 'box', '-H', 'box.test', '-p', 'ssh']],
    ['a run of nothing', ['run', WEB]],
  ])('says with 2 that it does not understand %s', async (_what, argv) => {
    const outcome = await maestro(await setup(), argv);
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).not.toBe('');
  });

  it.each([[['--help']], [['remotes', '--help']], [['help', 'run']]])(
    'shows help for %j on stdout and is content',
    async (argv) => {
      const outcome = await maestro(await setup(), argv);
      expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
      expect(outcome.stdout).toContain('Usage: maestro');
    },
  );

  it('names every command in its help', async () => {
    const { stdout } = await maestro(await setup(), ['--help']);
    const commands = stdout.match(/^ {2}([a-z]+)(?= )/gm)?.map((line) => line.trim());
    expect(commands).toEqual(
      expect.arrayContaining([
        ...['serve', 'remotes', 'sessions', 'send', 'chat', 'playbooks', 'run'],
        ...['runs', 'worktrees', 'usage', 'events', 'doctor', 'demo'],
      ]),
    );
  });
});

describe('remotes', () => {
  it('registers a remote with exactly what was given', async () => {
    const server = (await setup()).on('POST /remotes', { status: 201, body: aRemote() });
    const argv = [
      'remotes',
      'add',
      'box',
      '-H',
      'box.test',
      '-p',
      '2222',
      '-e',
      'A=1',
      '-e',
      'SECRET',
    ];
    await maestro(server, argv, { env: { SECRET: 'from here' } });
    expect(server.calls[0]?.body).toEqual({
      ...{ name: 'box', host: 'box.test', port: 2222 },
      env: { A: '1', SECRET: 'from here' },
    });
  });

  it.each([
    ['ssh/refused', 9],
    ['ssh/auth-failed', 6],
    ['agent/command-not-found', 8],
  ])('ends a test that failed with %s as %i, with the remedy', async (code, exitCode) => {
    const failure = { code, message: 'It failed', hint: 'Do this.' };
    const server = (await setup())
      .list('/remotes', [aRemote()])
      .on('POST /remotes/019a0000-0000-7000-8000-0000000000b1/test', {
        body: { ok: false, error: failure },
      });
    const outcome = await maestro(server, ['remotes', 'test', 'box', '--agent', 'codex']);
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.stderr).toContain('It failed');
    expect(outcome.stderr).toContain('Do this.');
    expect(server.calls.at(-1)?.body).toEqual({ agent: 'codex' });
  });

  it('shows where programs are looked up on a remote, and on the server', async () => {
    const known = {
      ...{ hostname: 'box', os: 'Linux x86_64', shell: '/bin/zsh', home: '/home/ada', user: 'ada' },
      path: ['/home/ada/tools', '/usr/bin', '/home/ada/.cargo/bin'],
      sources: { loginShell: ['/home/ada/tools', '/usr/bin'], added: ['/home/ada/.cargo/bin'] },
      ...{
        variables: ['HOME', 'PATH'],
        warnings: ['It hung.'],
        takenAt: '2026-11-22T10:00:00.000Z',
      },
    };
    const server = (await setup())
      .list('/remotes', [aRemote()])
      .on('GET /remotes/019a0000-0000-7000-8000-0000000000b1/environment', { body: known })
      .on('GET /hosts/local/environment', { body: known });
    const outcome = await maestro(server, ['remotes', 'environment', 'box', '--refresh']);
    expect(outcome.exitCode).toBe(0);
    for (const line of [
      '/home/ada/tools\n',
      '/home/ada/.cargo/bin (added)\n',
      'HOME PATH',
      'It hung.',
    ]) {
      expect(outcome.stdout).toContain(line);
    }
    const local = await maestro(server, ['remotes', 'environment', 'local', '--json']);
    expect(JSON.parse(local.stdout)).toEqual(known);
  });
});
