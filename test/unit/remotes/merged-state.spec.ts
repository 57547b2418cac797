import { describe, expect, it } from '@jest/globals';
import { isSameState, mergedState } from '../../../src/modules/remotes/merged-state.js';
import { type RemoteState, type SeenState, untried } from '../../../src/modules/remotes/remote.js';

const seen = (status: RemoteState['status'], latencyMs: number | null = null): SeenState => ({
  status,
  latencyMs,
  transport: 'ssh2',
  transportReasons: [],
  error: null,
});
const since = '2026-01-01T00:00:00.000Z';
const state = (status: RemoteState['status']): RemoteState => ({ ...seen(status), since });

describe('The state of a remote that several processes report on', () => {
  it('is what the one sees that reaches it best', () => {
    const all: RemoteState['status'][] = ['connecting', 'offline', 'auth-failed', 'degraded'];
    for (let count = 1; count <= all.length; count += 1) {
      const reports = all.slice(0, count).map((status) => seen(status));
      expect(mergedState(reports, untried()).status).toBe(all[count - 1]);
      expect(mergedState(reports.toReversed(), untried()).status).toBe(all[count - 1]);
    }
    const [near, far] = [seen('online', 3), seen('online', 200)];
    expect(mergedState([far, seen('offline'), near], untried()).latencyMs).toBe(3);
  });

  it('is a changed host key whoever has seen it', () => {
    const reports = [seen('online'), seen('host-key-changed')];
    expect(mergedState(reports, untried()).status).toBe('host-key-changed');
  });

  it('goes on since when it began, and does not change when others say the same', () => {
    const online = mergedState([seen('online')], state('online'));
    expect(online.since).toBe(since);
    expect(isSameState(online, mergedState([seen('online'), seen('connecting')], online))).toBe(
      true,
    );
    const offline = mergedState([seen('offline')], online);
    expect(offline.since).not.toBe(since);
    expect(isSameState(online, offline)).toBe(false);
  });

  it('is no news for another latency or wording, but for another fault or transport', () => {
    const fault = { code: 'ssh/slow', message: 'Answers take 1200 ms' };
    const slow: RemoteState = { ...state('degraded'), latencyMs: 1_200, error: fault };
    const slower = { ...slow, latencyMs: 1_300, error: { ...fault, message: '1300 ms' } };
    expect(isSameState(slow, slower)).toBe(true);
    const changes: Partial<RemoteState>[] = [
      { error: { ...fault, code: 'ssh/timeout' } },
      { error: null },
      { transport: 'openssh' },
      { transportReasons: ['ProxyCommand'] },
    ];
    for (const change of changes) expect(isSameState(slow, { ...slow, ...change })).toBe(false);
  });

  it('is unknown when nobody is left, unless it waits for a person', () => {
    expect(mergedState([], state('online')).status).toBe('unknown');
    expect(mergedState([], state('offline')).status).toBe('unknown');
    expect(mergedState([], state('auth-failed'))).toEqual(state('auth-failed'));
    expect(mergedState([], state('host-key-changed'))).toEqual(state('host-key-changed'));
  });
});
