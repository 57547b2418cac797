import { describe, expect, it } from '@jest/globals';

import { HostFailure } from '../../../../src/hosts/host-errors.js';
import { type DurableRuns, type FollowOptions, type RunEvent } from '../../../../src/hosts/host.js';
import {
  keepFollowing,
  type KeepFollowingOptions,
} from '../../../../src/hosts/runs/keep-following.js';
import { ChannelLost } from '../../../../src/hosts/shell/channel-lost.js';

const lost = new ChannelLost('ssh/connection-lost', 'box', 'cut');
const accepted: RunEvent = { type: 'accepted', duplicate: false };
const again: RunEvent = { type: 'accepted', duplicate: true };
const ended: RunEvent = {
  type: 'ended',
  verdict: { kind: 'exited', exitCode: 0, signal: null, why: null },
};
const output = (offset: number, stream: 'stdout' | 'stderr' = 'stdout'): RunEvent => ({
  type: 'output',
  stream,
  data: Buffer.alloc(1),
  offset,
});
const run = {
  id: 'run-0001',
  nonce: '0123456789abcdef',
  argv: ['x'] as [string],
  env: {},
  cwd: '/',
  stdin: Buffer.alloc(0),
};

/** Plays one attempt after another: its events, then its error; tells how each was asked for. */
const scripted = (
  attempts: (RunEvent | Error)[][],
): { calls: string[]; runs: Pick<DurableRuns, 'start' | 'follow'> } => {
  const calls: string[] = [];
  async function* play(way: string, options: FollowOptions | undefined): AsyncGenerator<RunEvent> {
    calls.push(`${way} ${options?.from?.stdout ?? 0} ${options?.from?.stderr ?? 0}`);
    for (const step of attempts.shift() ?? []) {
      if (step instanceof Error) throw step;
      yield step;
    }
  }
  const runs = {
    start: (_: unknown, options?: FollowOptions) => play('start', options),
    follow: (_: unknown, options?: FollowOptions) => play('follow', options),
  };
  return { calls, runs };
};

const follow = async (
  attempts: (RunEvent | Error)[][],
  options: Partial<KeepFollowingOptions> = {},
): Promise<{ events: RunEvent[]; calls: string[]; links: string[] }> => {
  const { runs, calls } = scripted(attempts);
  const events: RunEvent[] = [];
  const links: string[] = [];
  const following = keepFollowing({ runs }, run, {
    from: { stdout: 0, stderr: 0 },
    started: false,
    backoff: { firstMs: 1, maxMs: 2 },
    onLink: (state) => links.push(state),
    ...options,
  });
  for await (const event of following) events.push(event);
  return { events, calls, links };
};

describe('Following a run over lost links', () => {
  it('starts again until the run was accepted, then attaches from the last byte', async () => {
    const { events, calls, links } = await follow([
      [lost],
      [lost],
      [accepted, output(5), output(3, 'stderr'), lost],
      [lost],
      [again, output(6), ended],
    ]);
    expect(calls).toEqual(['start 0 0', 'start 0 0', 'start 0 0', 'follow 5 3', 'follow 5 3']);
    expect(events).toEqual([accepted, output(5), output(3, 'stderr'), output(6), ended]);
    expect(links).toEqual(['lost', 'restored', 'lost', 'restored']);
  });

  it('only attaches to a run that was started before', async () => {
    const from = { stdout: 10, stderr: 2 };
    const { calls, links } = await follow([[again, ended]], { started: true, from });
    expect(calls).toEqual(['follow 10 2']);
    expect(links).toEqual([]);
  });

  it('does not give up', async () => {
    const failures = Array.from({ length: 60 }, () => [lost]);
    const { calls, events } = await follow([...failures, [accepted, ended]]);
    expect(calls).toHaveLength(61);
    expect(events).toEqual([accepted, ended]);
  });

  it('ends by an error that time does not heal', async () => {
    const full = new HostFailure('host/disk-full', 'full');
    await expect(follow([[lost], [full]])).rejects.toBe(full);
    const bug = new Error('bug');
    await expect(follow([[bug]])).rejects.toBe(bug);
  });

  it('ends by the signal while it waits to try again', async () => {
    const controller = new AbortController();
    const following = follow([[lost]], {
      signal: controller.signal,
      backoff: { firstMs: 60_000, maxMs: 60_000 },
      onLink: () => {
        controller.abort(new Error('stopped'));
      },
    });
    await expect(following).rejects.toThrow('stopped');
  });
});
