import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Channel, type ChannelSource } from '../../../../src/hosts/channel.js';
import { ShellHost } from '../../../../src/hosts/shell/shell-host.js';
import { SpawnedChannels } from '../../../support/spawned-channels.js';

/** Channels that are given when the test says so. */
class HeldChannels implements ChannelSource {
  asked = 0;
  gate: Promise<void> = Promise.resolve();

  constructor(private readonly channels: ChannelSource) {}

  async open(): Promise<Channel> {
    this.asked += 1;
    await this.gate;
    return this.channels.open('control');
  }
}

describe('The environment of a host that was asked for a while ago', () => {
  let home: string;
  let channels: HeldChannels;
  let host: ShellHost;
  let now: number;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'maestro-kept-'));
    const path = process.env['PATH'] ?? '';
    channels = new HeldChannels(new SpawnedChannels(['/bin/sh', '-c'], { home, path }));
    host = new ShellHost({ id: 'x', kind: 'ssh', name: 'box', channels });
    now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await rm(home, { recursive: true, force: true });
  });

  it('is answered at once from what is known, and renewed for those who ask later', async () => {
    const first = await host.environment();
    expect(await host.environment()).toBe(first);
    expect(channels.asked).toBe(1);

    now += 11 * 60_000;
    let open = (): void => undefined;
    channels.gate = new Promise((resolve) => (open = resolve));
    expect(await host.environment()).toBe(first);
    expect(await host.environment()).toBe(first);
    expect(channels.asked).toBe(2);
    open();
    while ((await host.environment()) === first) await new Promise(setImmediate);
    expect((await host.environment()).home).toBe(home);
    expect(channels.asked).toBe(2);
  });

  it('stays what it was while the host cannot be asked, unless a person wants it anew', async () => {
    const first = await host.environment();
    now += 11 * 60_000;
    channels.gate = Promise.reject(new Error('away'));
    channels.gate.catch(() => undefined);
    expect(await host.environment()).toBe(first);
    await new Promise(setImmediate);
    expect(await host.environment()).toBe(first);
    await expect(host.environment({ refresh: true })).rejects.toThrow('away');
  });
});
