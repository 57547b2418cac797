import { describe, expect, it } from '@jest/globals';
import { type Outcome } from '../../../src/agents/adapter.js';
import { GeminiCliAdapter } from '../../../src/agents/gemini-cli/gemini-cli-adapter.js';
import { exited, playBack, recording } from './recordings.js';

const adapter = new GeminiCliAdapter();
const VERSION = 'gemini-0.61.0';

const verdict = (outcome: Outcome): string =>
  outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;

const INIT = { type: 'init', session_id: 'e8818620-613c-424e-957a-7cd5639cbcfd' };
const play = (events: object[], exitCode: number): Outcome =>
  playBack(adapter, events.map((event) => JSON.stringify(event)).join('\n'), exited(exitCode))
    .outcome;
/** A turn that ends with such an error. */
const failing = (message: string, exitCode = 1): Outcome =>
  play([INIT, { type: 'result', status: 'error', error: { type: 'unknown', message } }], exitCode);
/** ... to which the provider has answered so. */
const answered = (code: number, message: string, details: object[] = []): Outcome =>
  failing(`[API Error: ${JSON.stringify({ error: { code, message, details } })}]`);

describe('The verdict over a run of Gemini CLI', () => {
  const success = recording(VERSION, 'new').stdout;

  it('does not believe exit code 0 without the end of the turn, or with a bad one', () => {
    const cut = success.slice(0, success.lastIndexOf('"type":"result"'));
    expect(verdict(playBack(adapter, cut, exited(0)).outcome)).toBe('agent/protocol');
    expect(verdict(failing('[API Error: strange]', 0))).toBe('agent/crashed');
  });

  it.each([
    [400, 'API key not valid. Please pass a valid API key.', 'agent/auth-failed'],
    [400, 'Something about the request', 'agent/crashed'],
    [403, 'Permission denied on resource project', 'agent/auth-failed'],
    [404, 'models/gemini-9 is not found', 'agent/unsupported'],
    [429, 'Resource has been exhausted', 'limited'],
    [500, 'Internal error encountered.', 'agent/overloaded'],
    [503, 'The model is overloaded.', 'agent/overloaded'],
    [400, 'The input token count (9) exceeds the maximum number of tokens', 'agent/context-full'],
    [418, 'API key is what I have not, rate limit 401', 'agent/crashed'],
  ])('takes the answer %i (%s) for %s', (status, message, expected) => {
    expect(verdict(answered(status, message))).toBe(expected);
  });

  it('knows a bad key by the name that the provider has for it', () => {
    expect(verdict(answered(400, 'No.', [{ reason: 'API_KEY_INVALID' }]))).toBe(
      'agent/auth-failed',
    );
  });

  it.each([
    [145, 'agent/auth-failed'],
    [147, 'agent/auth-failed'],
    [173, 'limited'],
    [247, 'agent/overloaded'],
    [1, 'agent/crashed'],
  ])('knows the status by exit code %i when only words are told: %s', (exitCode, expected) => {
    expect(verdict(failing('[API Error: An unknown error occurred.]', exitCode))).toBe(expected);
  });

  it.each([
    ['[API Error: exception TypeError: fetch failed sending request]', 'agent/network'],
    ['The model response was blocked due to safety settings.', 'agent/permission-denied'],
    [
      'Model response was truncated because it exceeded the token limit. Try using /compress',
      'agent/limit',
    ],
  ])('takes %j for %s', (message, expected) => {
    expect(verdict(failing(message))).toBe(expected);
  });

  it.each([
    [41, 'Invalid auth method selected.', 'agent/auth-failed'],
    [41, 'Warning: colours\nFailed to login. Message: no', 'agent/auth-failed'],
    [52, 'Invalid configuration in settings.json', 'agent/unsupported'],
    [
      55,
      '\u001b[31mGemini CLI is not running in a trusted directory. To proceed, either',
      'agent/permission-denied',
    ],
    [127, '/usr/bin/env: ‘node’: No such file or directory', 'agent/interpreter-missing'],
    [1, 'Error: 41 rate limit', 'agent/crashed'],
  ])('says why it did not begin: exit code %i and %j', (exitCode, stderr, expected) => {
    expect(verdict(playBack(adapter, '', exited(exitCode, stderr)).outcome)).toBe(expected);
  });

  it('does not take what a running turn logs for a refusal to start', () => {
    const begun = success.slice(0, success.indexOf('\n') + 1);
    const stderr = 'Error resuming session: Invalid session identifier "x".\n';
    expect(verdict(playBack(adapter, begun, exited(42, stderr)).outcome)).toBe('agent/crashed');
  });

  it('says how to sign in', () => {
    expect(answered(401, 'no')).toMatchObject({
      failure: { recoverable: false, hint: expect.stringContaining('GEMINI_API_KEY') },
    });
  });
});

describe('A limit of the provider', () => {
  const waitOf = (outcome: Outcome): number | null => {
    if (outcome.kind !== 'limited') throw new Error(`It is ${outcome.kind}`);
    return outcome.resumesAt === null ? null : Date.parse(outcome.resumesAt) - Date.now();
  };

  it.each([
    ['Your quota will reset after 1h2m3s.', [], 3_723_000],
    ['Please retry in 34.5s.', [], 34_500],
    ['Slow down.', [{ retryDelay: '90s' }], 90_000],
  ])('is waited for as long as it says: %s', (message, details, milliseconds) => {
    const wait = waitOf(answered(429, message, details));
    expect(wait).toBeLessThanOrEqual(milliseconds);
    expect(wait).toBeGreaterThan(milliseconds - 20_000);
  });

  it('has no known end when nobody says so', () => {
    const { stdout, end } = recording(VERSION, 'err-429quota');
    const { outcome } = playBack(adapter, stdout, end);
    expect(outcome).toMatchObject({
      ...{ kind: 'limited', failure: { code: 'agent/limit', recoverable: true }, resumesAt: null },
    });
  });
});
