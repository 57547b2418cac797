import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { type Channel } from '../../src/hosts/channel.js';
import { type DurableRun } from '../../src/hosts/host.js';
import { LocalChannels } from '../../src/hosts/local/local-channels.js';
import { localHost } from '../../src/hosts/local/local-host.js';
import { ShellHost } from '../../src/hosts/shell/shell-host.js';
import { hostConformance } from './host.conformance.js';

/** Loaders on this machine whose link can be cut: the loader and all that it started in its group are killed. */
class CuttableChannels extends LocalChannels {
  readonly #open = new Set<Channel>();

  override async open(): Promise<Channel> {
    const channel = await super.open();
    this.#open.add(channel);
    const forget = (): void => {
      this.#open.delete(channel);
    };
    void channel.closed.then(forget, forget);
    return channel;
  }

  cut(): void {
    for (const channel of this.#open) channel.close();
  }
}

hostConformance('local', async () => {
  const home = await mkdtemp(join(tmpdir(), 'maestro-local-'));
  const options = { home, environment: process.env };
  const channels = new CuttableChannels(options);
  return {
    host: new ShellHost({ id: 'local', kind: 'local', name: 'local', channels }),
    reopen: async () => localHost(options),
    cutLink: () => {
      channels.cut();
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
});

const TAIL = 'case "$1" in --version) exit 1;; esac; exec /usr/bin/tail "$@"';
const tools: Record<string, Record<string, string>> = {
  'GNU tail and no setsid -f': {
    setsid: 'case "$1" in -f) exit 1;; esac; exec /usr/bin/setsid "$@"',
  },
  'a tail that cannot tell when a process ends, and perl': { tail: TAIL, setsid: 'exit 127' },
  'the tail of BSD': {
    tail: TAIL,
    uname: 'case "$1" in -s) echo Darwin;; *) exec /usr/bin/uname "$@";; esac',
  },
};
describe('The local host', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'maestro-local-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const programs = async (directory: string, scripts: Record<string, string>): Promise<string> => {
    await mkdir(join(home, directory), { recursive: true });
    for (const [name, script] of Object.entries(scripts)) {
      await writeFile(join(home, directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    return join(home, directory);
  };

  it('hands nothing of the settings of the server to what it runs', async () => {
    const environment = {
      ...process.env,
      DATABASE_URL: 'postgres://secret',
      MAESTRO_TOKEN: 'secret',
    };
    const host = localHost({ home, environment });
    const { stdout } = await host.run({ argv: ['env'] });
    expect(stdout.toString()).not.toMatch(/secret|DATABASE_URL|MAESTRO_TOKEN/);
    expect(stdout.toString()).toContain(`HOME=${home}\n`);
    const saved = await readFile(join(home, '.maestro/env.sh'), 'utf8');
    expect(saved).not.toContain('secret');
    expect(await readdir(join(home, '.maestro'))).toEqual(['env.sh']);
  });

  it('finds what the rc file of an interactive login shell sets, in spite of its noise', async () => {
    const bin = await programs('tools', { 'my-agent': 'echo "$GREETING"' });
    await writeFile(
      join(home, '.bash_profile'),
      `echo noise; printf 'more noise'; case $- in *i*) ;; *) return;; esac
      export PATH="${bin}:$PATH" GREETING="it's
two lines" IFS=x`,
    );
    const host = localHost({ home, environment: { ...process.env, SHELL: '/bin/bash' } });
    expect((await host.environment()).path.split(':')[0]).toBe(bin);
    expect((await host.run({ argv: ['my-agent'] })).stdout.toString()).toBe("it's\ntwo lines\n");
  });

  it('uses what it has saved of the environment until an rc file is newer', async () => {
    const environment = { ...process.env, SHELL: '/bin/bash' };
    await writeFile(join(home, '.bash_profile'), 'echo x >>~/asked');
    await localHost({ home, environment }).environment();
    await localHost({ home, environment }).environment();
    expect(await readFile(join(home, 'asked'), 'utf8')).toBe('x\n');
    const future = new Date(Date.now() + 10_000);
    await utimes(join(home, '.bash_profile'), future, future);
    await localHost({ home, environment }).environment();
    expect(await readFile(join(home, 'asked'), 'utf8')).toBe('x\nx\n');
  });

  it('gives up on a login shell that hangs, and still finds the usual directories', async () => {
    const bin = await programs('.local/bin', { 'my-agent': 'echo found' });
    await programs('sh', { bash: 'case $1 in -ilc) sleep 3600;; esac; exit 1' });
    const host = localHost({ home, environment: { ...process.env, SHELL: join(home, 'sh/bash') } });
    expect((await host.environment()).path).toContain(bin);
    expect((await host.run({ argv: ['my-agent'] })).stdout.toString()).toBe('found\n');
  });

  it('says by name that a run could not be written', async () => {
    await writeFile(join(home, '.maestro'), 'in the way');
    const run = {
      id: 'run-00001',
      nonce: '0123456789abcdef',
      argv: ['true'] as [string],
      env: {},
      cwd: '/',
      stdin: Buffer.alloc(0),
    };
    const host = localHost({ home, environment: process.env });
    const start = async (): Promise<void> => {
      for await (const event of host.runs.start(run)) expect(event).toBeUndefined();
    };
    await expect(start()).rejects.toMatchObject({ code: 'host/not-writable' });
  });

  it.each(Object.entries(tools))('runs durably with %s', async (_, shims) => {
    const bin = await programs('bin', shims);
    const PATH = `${bin}:${process.env['PATH'] ?? ''}`;
    const host = localHost({ home, environment: { ...process.env, PATH } });
    const run = (id: string, script: string): DurableRun => ({
      id,
      nonce: '0123456789abcdef',
      argv: ['sh', '-c', script],
      env: { A: 'a' },
      cwd: '~',
      stdin: Buffer.from('in\n'),
    });
    let text = '';
    for await (const event of host.runs.start(
      run('run-00001', 'cat; sleep 0.3; echo "$A" >&2; exit 4'),
    )) {
      if (event.type === 'output') text += event.data.toString();
      if (event.type === 'ended')
        expect(event.verdict).toMatchObject({ kind: 'exited', exitCode: 4 });
    }
    expect(text).toBe('in\na\n');
    const long = run('run-00002', 'echo up; exec sleep 37');
    for await (const event of host.runs.start(long)) {
      if (event.type === 'output') expect(await host.runs.cancel(long)).toEqual({ kind: 'gone' });
      if (event.type === 'ended') expect(event.verdict).toMatchObject({ signal: 'SIGINT' });
    }
    const names = (await host.files.list('~/.maestro/runs')).map(({ name }) => name);
    expect(names.filter((name) => /\.in\.|\.j$/.test(name))).toEqual([]);
  });
});
