import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SshFailure } from '../../../../src/hosts/ssh/errors.js';
import { ReconnectPause } from '../../../../src/hosts/ssh/pool/reconnect-pause.js';

const at = { name: 'devbox', host: 'devbox' };
const refused = new SshFailure('ssh/refused', at);
const denied = new SshFailure('ssh/auth-failed', at);

describe('The pause before the next connection', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('grows from a quarter of a second to thirty seconds', () => {
    const pause = new ReconnectPause();
    const lengths = Array.from({ length: 12 }, () => {
      pause.failed(refused);
      const startedAt = Date.now();
      while (pause.blockedBy) jest.advanceTimersByTime(50);
      return Date.now() - startedAt;
    });
    expect(lengths[0]).toBe(250);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(30_050);
    expect(Math.min(...lengths.slice(-3))).toBeGreaterThanOrEqual(15_000);
  });

  it('has no end after a fault that only a person can heal', () => {
    const pause = new ReconnectPause();
    pause.failed(denied);
    jest.advanceTimersByTime(365 * 86_400_000);
    expect(pause.blockedBy).toBe(denied);
    pause.reset();
    expect(pause.blockedBy).toBeNull();
  });
});
