import { describe, expect, it } from '@jest/globals';
import { type Outcome } from '../../../src/agents/adapter.js';
import { CodexAdapter } from '../../../src/agents/codex/codex-adapter.js';
import { resetTime } from '../../../src/agents/codex/reset-time.js';
import { exited, playBack, recordedCases, recording } from './recordings.js';

const adapter = new CodexAdapter();
const VERSION = 'codex-0.169.0';

/** Verdict per recorded case: `completed`, `limited`, or the code of the failure. */
const VERDICTS: Record<string, string> = {
  'apidown-cfg': 'agent/crashed',
  'apidown-cfg-bounded': 'agent/network',
  badflag: 'agent/unsupported',
  'bash-flip': 'completed',
  'big-stdin-300k': 'completed',
  'dash-stdin': 'completed',
  drop: 'agent/network',
  'err-401': 'agent/auth-failed',
  'err-429': 'limited',
  'err-429-then-ok': 'completed',
  'err-529': 'agent/overloaded',
  'err-badjson': 'agent/network',
  'err-ctx': 'agent/context-full',
  'err-html': 'agent/overloaded',
  'errmid-529': 'agent/overloaded',
  hang: 'agent/network',
  image: 'completed',
  'kill-SIGHUP-stream': 'agent/crashed',
  'kill-SIGINT-group-stream': 'agent/crashed',
  'kill-SIGINT-tool': 'agent/crashed',
  'kill-SIGKILL-tool': 'agent/crashed',
  'kill-SIGTERM-group-stream': 'agent/crashed',
  'kill-SIGTERM-group-tool': 'agent/crashed',
  'kill-SIGTERM-stream': 'agent/crashed',
  'kill-SIGTERM-tool': 'agent/crashed',
  'missing-key': 'agent/auth-failed',
  'model-404': 'agent/crashed',
  'model-unknown-metadata': 'completed',
  new: 'completed',
  noauth: 'agent/crashed',
  'not-a-repo': 'agent/crashed',
  pty: 'completed',
  readonly: 'completed',
  resume: 'completed',
  'resume-last': 'completed',
  'resume-model': 'completed',
  'resume-other-cwd': 'completed',
  'resume-readonly-flag-after': 'agent/unsupported',
  'resume-readonly-flag-before': 'completed',
  'resume-unknown': 'agent/session-not-found',
  'retries-off-401': 'agent/auth-failed',
  'rw-resume-plain': 'completed',
  'rw-resume-s-before': 'completed',
  'same-session-b': 'agent/crashed',
  slow: 'completed',
  'stdin-empty': 'agent/crashed',
  'tools-auto': 'completed',
  'tools-bypass': 'completed',
  'tools-shell-patch': 'completed',
  'usage-limit': 'limited',
};

const verdict = (outcome: Outcome): string =>
  outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;

describe(`Verdicts over recorded runs of ${VERSION}`, () => {
  it('cover every recording', () => {
    expect(Object.keys(VERDICTS).sort()).toEqual(recordedCases(VERSION).sort());
  });

  it.each(Object.entries(VERDICTS))('%s: %s', (name, expected) => {
    const { stdout, end } = recording(VERSION, name);
    const { outcome } = playBack(adapter, stdout, end);
    expect(verdict(outcome)).toBe(expected);
    if (outcome.kind === 'completed') return;
    expect(outcome.failure.message).toMatch(/^Codex.{10,}/);
    expect(outcome.failure.hint).toMatch(/.{20,}\.$/);
  });
});

/** A turn that fails with such words. */
const failing = (message: string): Outcome => {
  const events = [{ type: 'turn.started' }, { type: 'turn.failed', error: { message } }];
  return playBack(adapter, events.map((event) => JSON.stringify(event)).join('\n'), exited(1))
    .outcome;
};

describe('The verdict over a run of Codex', () => {
  const success = recording(VERSION, 'new').stdout;

  it('does not believe a success whose process failed or was killed', () => {
    expect(playBack(adapter, success, exited(0)).outcome.kind).toBe('completed');
    expect(verdict(playBack(adapter, success, exited(1)).outcome)).toBe('agent/crashed');
    expect(verdict(playBack(adapter, success, exited(143)).outcome)).toBe('agent/crashed');
    const killed = { exitCode: 0, signal: 'SIGTERM', stderrTail: '' };
    expect(playBack(adapter, success, killed).outcome).toMatchObject({
      failure: { code: 'agent/crashed', message: expect.stringContaining('SIGTERM') },
    });
  });

  it('does not believe exit code 0 without the end of the turn', () => {
    const cut = success.slice(0, success.lastIndexOf('"turn.completed"'));
    expect(verdict(playBack(adapter, cut, exited(0)).outcome)).toBe('agent/protocol');
  });

  it('takes an end whose last newline is missing', () => {
    expect(playBack(adapter, success.trimEnd(), exited(0)).outcome.kind).toBe('completed');
  });

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
    ['agent/command-not-found', 127, 'codex: command not found'],
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

  it('is never drawn from what the model says, in an answer or in a failed tool', () => {
    const prose =
      'Permission denied (publickey). rate limit, 429 Too Many Requests, unexpected status 401 ' +
      "Unauthorized, Codex ran out of room in the model's context window, no rollout found";
    const said = success.replaceAll('Hello there.', prose);
    expect(playBack(adapter, said, exited(0)).outcome).toMatchObject({
      kind: 'completed',
      text: expect.stringContaining(prose),
    });
    const killed = { exitCode: 137, signal: 'SIGKILL', stderrTail: '' };
    expect(verdict(playBack(adapter, said, killed).outcome)).toBe('agent/crashed');
    const tools = recording(VERSION, 'tools-auto').stdout.replaceAll('hi-from-bash', prose);
    expect(verdict(playBack(adapter, tools, exited(0)).outcome)).toBe('completed');
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
