import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ConfigFiles, type RootFile } from '../../src/hosts/ssh/ssh-config/config-files.js';
import { readWithoutClient } from '../../src/hosts/ssh/ssh-config/read-without-client.js';
import { resolveSshConfig, type SshLogin } from '../../src/hosts/ssh/ssh-config/ssh-config.js';
import { ENVIRONMENT, NO_CLIENT } from '../support/ssh-config-corpus.js';
import { rejectionOf, until } from '../support/ssh-pool.js';

describe('On a server without an ssh client, the ssh config', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'maestro-no-client-'));
  });
  afterAll(async () => {
    await rm(dir, { recursive: true });
  });

  const write = async (name: string, content: string): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, content, { mode: 0o644 });
    return path;
  };
  const resolve = async (
    content: string,
    host = 'devbox',
    login: SshLogin = {},
  ): ReturnType<typeof resolveSshConfig> =>
    resolveSshConfig(
      host,
      { configPath: await write('config', content), sshPath: NO_CLIENT, environment: ENVIRONMENT },
      login,
    );

  it('is read when PATH has no ssh', async () => {
    const configPath = await write('config', 'Host devbox\n  HostName 10.0.0.1\n');
    const environment = { ...ENVIRONMENT, PATH: dir };
    expect(await resolveSshConfig('devbox', { configPath, environment })).toMatchObject({
      hostName: '10.0.0.1',
    });
  });

  it('is read when the ssh of PATH cannot be run', async () => {
    const sshPath = await write('not-a-program', '');
    const configPath = await write('config', 'Port 2201\n');
    expect(await resolveSshConfig('devbox', { configPath, sshPath })).toMatchObject({ port: 2201 });
  });

  it.each([
    ['CanonicalizeHostname yes\n', 'CanonicalizeHostname yes'],
    ['Host devbox\n  CanonicalizeHostname always\n', 'CanonicalizeHostname always'],
    ['CanonicalizePermittedCNAMEs *.a:*.b\n', 'CanonicalizePermittedCNAMEs'],
    ['Match localnetwork 10.0.0.0/8\n  User x\n', 'Match localnetwork'],
    ['Match version OpenSSH_1*\n  User x\n', 'Match version'],
    ['Match sessiontype shell\n  User x\n', 'Match sessiontype'],
    ['Match command "git *"\n  User x\n', 'Match command'],
    ['Include ~somebody/config\n', 'Include ~somebody/config'],
  ])('is refused by the name of what takes one: %j', async (content, directive) => {
    const failure = await rejectionOf(resolve(content));
    expect(failure).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining(directive),
      hint: expect.stringContaining('Install the OpenSSH client'),
    });
  });

  it('may say what takes one for other hosts', async () => {
    const content =
      'Host other\n  CanonicalizeHostname yes\nHost *\n  CanonicalizeHostname no\n  User a\n';
    expect(await resolve(content)).toMatchObject({ user: 'a' });
  });

  it('knows tags, of newer versions', async () => {
    const content =
      'Host devbox\n  Tag work\nMatch tagged work,home\n  User tagged\nMatch tagged home\n  Port 1\n';
    expect(await resolve(content)).toMatchObject({ user: 'tagged', port: 22 });
    expect(await resolve(content, 'other')).toMatchObject({ user: userInfo().username });
  });

  it('may refuse a connection, in newer versions', async () => {
    const content = 'Host devbox\n  RefuseConnection "ask the admins"\n';
    expect(await rejectionOf(resolve(content))).toMatchObject({
      message: expect.stringContaining('line 2: RefuseConnection: ask the admins'),
    });
    expect(await resolve(content, 'other')).toMatchObject({ hostName: 'other' });
  });

  describe('of the user and of the system', () => {
    const ask = async (roots: RootFile[], host: string): Promise<ReadonlyMap<string, string[]>> =>
      readWithoutClient(
        host,
        {},
        {},
        AbortSignal.timeout(60_000),
        new ConfigFiles(roots, { ...ENVIRONMENT, HOME: dir }),
      );
    const roots = async (users: string, systems: string): Promise<RootFile[]> => [
      { path: await write('user', users), isUsers: true, isGuarded: true },
      { path: await write('system', systems), isUsers: false },
    ];

    it('is read in this order, the first value wins, identities are added up', async () => {
      const values = await ask(
        await roots(
          'Host devbox\n  User mine\n  IdentityFile /mine\n',
          'Host *\n  User theirs\n  Port 2201\n  IdentityFile /theirs\n',
        ),
        'devbox',
      );
      expect(values.get('user')).toEqual(['mine']);
      expect(values.get('port')).toEqual(['2201']);
      expect(values.get('identityfile')).toEqual(['/mine', '/theirs']);
    });

    it('includes files of ~/.ssh by relative paths, and of the home directory by ~', async () => {
      await mkdir(join(dir, '.ssh/conf.d'), { recursive: true });
      await write('.ssh/conf.d/a.conf', 'User relative\n');
      await write('home.conf', 'Port 2201\n');
      const values = await ask(await roots('Include conf.d/*.conf ~/home.conf\n', ''), 'devbox');
      expect(values.get('user')).toEqual(['relative']);
      expect(values.get('port')).toEqual(['2201']);
    });

    it('includes nothing of home directories into that of the system', async () => {
      const failure = await rejectionOf(ask(await roots('', 'Include ~/home.conf\n'), 'devbox'));
      expect(failure).toMatchObject({
        message: expect.stringContaining('line 1: bad include path ~/home.conf.'),
      });
    });

    it('is not believed when others may write that of the user', async () => {
      const files = await roots('User mine\n', '');
      chmodSync(join(dir, 'user'), 0o664);
      expect(await rejectionOf(ask(files, 'devbox'))).toMatchObject({
        message: expect.stringContaining('Bad owner or permissions on'),
      });
    });

    it('may both be absent', async () => {
      const absent = [
        { path: join(dir, 'nothing'), isUsers: true, isGuarded: true },
        { path: join(dir, 'nothing-either'), isUsers: false },
      ];
      expect((await ask(absent, 'devbox')).get('hostname')).toEqual(['devbox']);
    });
  });

  it('must exist when it is named', async () => {
    const configPath = join(dir, 'absent');
    expect(
      await rejectionOf(resolveSshConfig('a', { configPath, sshPath: NO_CLIENT })),
    ).toMatchObject({
      message: expect.stringContaining(`Can't open user config file ${configPath}`),
    });
  });
});

const hasSsh = spawnSync('ssh', ['-V']).error === undefined;

describe(`What an ssh config runs${hasSsh ? '' : ' (no ssh client on this machine)'}`, () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'maestro-config-runs-'));
  });
  afterAll(async () => {
    await rm(dir, { recursive: true });
  });

  it.each(hasSsh ? ['ssh', NO_CLIENT] : [NO_CLIENT])(
    'ends with the question, and all that it started with it: %s',
    async (sshPath) => {
      const started = join(dir, `started-${sshPath.replaceAll('/', '-')}`);
      const configPath = join(dir, 'slow');
      const slow = `sleep 600 & echo $! > ${started}.new; mv ${started}.new ${started}; wait`;
      await writeFile(configPath, `Match exec "${slow}"\n  User late\n`);
      const asking = new AbortController();
      const answer = rejectionOf(
        resolveSshConfig('devbox', {
          configPath,
          sshPath,
          environment: ENVIRONMENT,
          signal: asking.signal,
        }),
      );
      await until(() => existsSync(started), 'the command runs');
      asking.abort(new Error('enough'));
      expect(await answer).toMatchObject({ message: 'enough' });
      const pid = Number(readFileSync(started, 'utf8'));
      expect(Number.isInteger(pid) && pid > 1).toBe(true);
      await until(() => !isAlive(pid), 'what the command started has ended');
    },
  );

  it('has five seconds', async () => {
    const configPath = join(dir, 'endless');
    await writeFile(configPath, 'Match exec "sleep 600"\n  User late\n');
    const failure = await rejectionOf(
      resolveSshConfig('devbox', { configPath, sshPath: NO_CLIENT, environment: ENVIRONMENT }),
    );
    expect(failure).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining('took too long'),
    });
  });

  it.each([
    ['-oProxyCommand=touch TOUCHED', {}],
    ['a\nb', {}],
    ['$(touch TOUCHED)', {}],
    ['`touch TOUCHED`', {}],
    ['a;touch TOUCHED', {}],
    ['"a', {}],
    ["a'", {}],
    ['a b', {}],
    ['', {}],
    ['a%h', {}],
    ['devbox', { user: '-oProxyCommand=touch TOUCHED' }],
    ['devbox', { user: 'a$(touch TOUCHED)' }],
    ['devbox', { user: 'a;touch' }],
    ['devbox', { user: "a'b" }],
    ['devbox', { user: 'a`id`' }],
    ['devbox', { user: 'a|b' }],
    ['devbox', { user: 'a\nb' }],
    ['devbox', { user: '' }],
    ['devbox', { port: 0 }],
    ['devbox', { port: 65_536 }],
    ['devbox', { port: -1 }],
    ['devbox', { port: 22.5 }],
    ['devbox', { port: NaN }],
  ] as const)('is nothing at all for the host %j with %j', async (host, login) => {
    const touched = join(dir, 'touched');
    const sshPath = join(dir, 'ssh');
    await writeFile(sshPath, `#!/bin/sh\ntouch ${touched}\n`, { mode: 0o755 });
    const configPath = join(dir, 'hostile');
    await writeFile(configPath, `Match exec "touch ${touched}; : %n %r"\n  User x\n`);
    const named = host.replace('TOUCHED', touched);
    for (const path of [sshPath, NO_CLIENT]) {
      const options = { configPath, sshPath: path, environment: ENVIRONMENT };
      expect(await rejectionOf(resolveSshConfig(named, options, login))).toMatchObject({
        code: expect.stringMatching(/^ssh\/(unresolved|unsupported|auth-failed)$/),
      });
    }
    expect(existsSync(touched)).toBe(false);
  });

  it('is the shell of the user, without input', async () => {
    const configPath = join(dir, 'shell');
    const printed = join(dir, 'printed');
    const shell = join(dir, 'my-shell');
    await writeFile(shell, `#!/bin/sh\nprintf '%s\\n' "$@" > ${printed}\ncat\n`, { mode: 0o755 });
    await writeFile(configPath, 'Match exec "my words %n"\n  User found\n');
    const environment = { ...ENVIRONMENT, SHELL: shell };
    const options = { configPath, sshPath: NO_CLIENT, environment };
    expect(await resolveSshConfig('devbox', options)).toMatchObject({ user: 'found' });
    expect(readFileSync(printed, 'utf8')).toBe('-c\nmy words devbox\n');
    environment.SHELL = join(dir, 'no-shell');
    expect(await rejectionOf(resolveSshConfig('devbox', options))).toMatchObject({
      message: expect.stringContaining('is not executable'),
    });
  });
});

/** A process that has ended, but whose parent has not looked yet, is not alive. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
