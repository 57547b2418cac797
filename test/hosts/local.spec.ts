import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { type Channel, type ChannelPriority } from '../../src/hosts/channel.js';
import { LocalChannels } from '../../src/hosts/local/local-channels.js';
import { localHost } from '../../src/hosts/local/local-host.js';
import { ShellHost } from '../../src/hosts/shell/shell-host.js';
import { hostConformance } from './host.conformance.js';

/** Loaders on this machine whose link can be cut: the loader and all that it started in its group are killed. */
class CuttableChannels extends LocalChannels {
  readonly #open = new Set<Channel>();

  override async open(_priority?: ChannelPriority): Promise<Channel> {
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

describe('The local host', () => {
  it('hands nothing of the settings of the server to what it runs', async () => {
    const home = await mkdtemp(join(tmpdir(), 'maestro-local-'));
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
    expect((await readdir(join(home, '.maestro'))).sort()).toEqual(['env.sh']);
    await rm(home, { recursive: true });
  });
});
