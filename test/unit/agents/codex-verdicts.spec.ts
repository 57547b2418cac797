import { describe, expect, it } from '@jest/globals';
import { type Outcome } from '../../../src/agents/adapter.js';
import { CodexAdapter } from '../../../src/agents/codex/codex-adapter.js';
import { resetTime } from '../../../src/agents/codex/reset-time.js';
import { exited, playBack, recording } from './recordings.js';

const adapter = new CodexAdapter();
const VERSION = 'codex-0.169.0';

const verdict = (outcome: Outcome): string =>
  outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;

/** A turn that fails with such words. */
const failing = (message: string): Outcome => {
  const events = [{ type: 'turn.started' }, { type: 'turn.failed', error: { message } }];
  return playBack(adapter, events.map((event) => JSON.stringify(event)).join('\n'), exited(1))
    .outcome;
};

describe('The verdict over a run of Codex', () => {
  const success = recording(VERSION, 'new').stdout;

  it.each([
    ['agent/auth-failed', 'unexpected status 403 Forbidden: Country not supported'],
    [
      'agent/auth-failed',
      'Your access token could not be refreshed. Please log out and sign in again.',
    ],
    ['agent/overloaded', 'unexpected status 503 Service Unavailable: try later'],
    [
      'agent/overloaded',
      'We’re currently experiencing high demand, which may cause temporary errors.',
    ],
    ['agent/overloaded', 'exceeded retry limit, last status: 500 Internal Server Error'],
    ['agent/network', 'unexpected status 408 Request Timeout: '],
    ['agent/network', 'Connection failed: error sending request'],
    ['agent/limit', 'Quota exceeded. Check your plan and billing details.'],
    [
      'agent/limit',
      'stream disconnected before completion: Incomplete response returned, reason: max_output_tokens',
    ],
    ['agent/permission-denied', 'Incomplete response returned, reason: content_filter'],
    ['agent/unsupported', "The 'gpt-nope' model is not supported when using Codex with a plan."],
    ['agent/unsupported', 'The model `gpt-nope` does not exist or you do not have access to it.'],
    ['agent/crashed', 'unexpected status 418 I am a teapot: unexpected status 401 Unauthorized'],
    ['agent/crashed', 'Invalid value: 401 Unauthorized, rate limit, Connection failed'],
  ])('is %s for %j', (code, message) => {
    expect(failing(message)).toMatchObject({ kind: 'failed', failure: { code } });
  });

  it('says how to sign in, and which variable the key is taken from', () => {
    expect(failing('unexpected status 401 Unauthorized: no')).toMatchObject({
      failure: { recoverable: false, hint: expect.stringContaining('`codex login`') },
    });
    expect(failing('Missing environment variable: `AZURE_KEY`.')).toMatchObject({
      failure: { recoverable: false, message: expect.stringContaining('`AZURE_KEY`') },
    });
  });

  it.each([
    ['agent/unsupported', 1, 'Error loading config.toml:\n/home/a/.codex/config.toml:19: unclosed'],
    ['agent/unsupported', 2, "error: invalid value 'foo' for '--sandbox <SANDBOX_MODE>'"],
    ['agent/interpreter-missing', 127, '/usr/bin/env: ‘node’: No such file or directory'],
  ])('is %s for exit code %i with %j', (code, exitCode, stderr) => {
    const { outcome } = playBack(adapter, '', exited(exitCode, `${stderr}\n`));
    expect(outcome).toMatchObject({ failure: { code, recoverable: false } });
  });

  it('does not take what a running turn logs for a refusal to start', () => {
    const begun = success.slice(0, success.indexOf('\n') + 1);
    const stderr = 'Error: thread/resume: thread/resume failed: no rollout found for thread id 1\n';
    expect(verdict(playBack(adapter, begun, exited(1, stderr)).outcome)).toBe('agent/crashed');
  });
});

describe('A limit of the provider', () => {
  it('is waited for as long as its notice says', () => {
    const before = Date.now();
    const outcome = failing(
      'Rate limit reached for gpt-5 in organization org-1 on tokens per min (TPM): Limit 30000. Please try again in 1m12.5s.',
    );
    if (outcome.kind !== 'limited') throw new Error(`It is ${outcome.kind}`);
    const wait = Date.parse(outcome.resumesAt ?? '') - before;
    expect(wait).toBeGreaterThanOrEqual(72_500);
    expect(wait).toBeLessThan(72_500 + 60_000);
  });

  it('has no known end when nobody says so', () => {
    expect(failing('You’ve hit your usage limit. Try again later.')).toMatchObject({
      ...{ kind: 'limited', failure: { code: 'agent/limit', recoverable: true }, resumesAt: null },
    });
  });
});

describe('The time at which a limit resets', () => {
  const now = new Date('2026-11-22T21:29:35Z');
  const at = (time: string): string | null =>
    resetTime(`You’ve hit your usage limit. Visit https://x.y or try again at ${time}.`, now);

  it.each([
    // Of a zone that is not told, the minute of the hour is known; it is over when the limit is.
    ['10:29 PM', '2026-11-22T21:30:00.000Z'],
    ['7:05 AM', '2026-11-22T22:06:00.000Z'],
    ['9:59 PM', '2026-11-22T22:00:00.000Z'],
    // The first instant at which it is that time anywhere.
    ['Nov 25th, 2026 5:02 AM', '2026-11-24T15:03:00.000Z'],
    ['Nov 23rd, 2026 1:10 AM', '2026-11-22T22:11:00.000Z'],
    ['Feb 29th, 2028 12:36 AM', '2028-02-28T10:37:00.000Z'],
  ])('%s is never missed by more than half an hour', (time, instant) => {
    expect(at(time)).toBe(instant);
  });

  it.each([
    ['5 days', null],
    ['25 o’clock', null],
  ])('%s is none', (time, instant) => {
    expect(at(time)).toBe(instant);
  });

  it('may be a length', () => {
    expect(resetTime('Please try again in 28ms.', now)).toBe('2026-11-22T21:29:35.028Z');
    expect(resetTime('Please try again in 1h2m3s.', now)).toBe('2026-11-22T22:31:38.000Z');
  });
});
