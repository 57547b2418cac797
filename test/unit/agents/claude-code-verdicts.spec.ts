import { describe, expect, it } from '@jest/globals';
import { type Outcome } from '../../../src/agents/adapter.js';
import { ClaudeCodeAdapter } from '../../../src/agents/claude-code/claude-code-adapter.js';
import { exited, playBack, recordedCases, recording } from './recordings.js';

const adapter = new ClaudeCodeAdapter();

/** Verdict per recorded case: `completed`, `limited`, or the code of the failure. */
const VERDICTS: Record<string, Record<string, string>> = {
  'claude-2.1.197': {
    apidown: 'agent/network',
    badflag: 'agent/unsupported',
    'bash-flip': 'completed',
    'dash-stdin': 'completed',
    dontask: 'completed',
    drop: 'completed',
    empty: 'completed',
    'err-401': 'agent/auth-failed',
    'err-403': 'agent/auth-failed',
    'err-429': 'limited',
    'err-429quota': 'limited',
    'err-500': 'agent/overloaded',
    'err-529': 'agent/overloaded',
    'err-badjson': 'agent/network',
    'err-html': 'agent/overloaded',
    'errmid-529': 'completed',
    hang: 'agent/crashed',
    image: 'completed',
    'kill-SIGHUP-stream': 'agent/crashed',
    'kill-SIGINT-group-stream': 'agent/crashed',
    'kill-SIGINT-tool': 'agent/crashed',
    'kill-SIGKILL-stream': 'agent/crashed',
    'kill-SIGTERM-group-stream': 'agent/crashed',
    'kill-SIGTERM-stream': 'agent/crashed',
    'kill-SIGTERM-tool': 'agent/crashed',
    'max-budget': 'agent/limit',
    maxtok: 'agent/limit',
    new: 'completed',
    noauth: 'agent/auth-failed',
    partial: 'completed',
    readonly: 'completed',
    resume: 'completed',
    'resume-after-kill': 'completed',
    'resume-malformed': 'agent/session-not-found',
    'resume-other-cwd': 'agent/session-not-found',
    'resume-stdin': 'completed',
    'resume-unknown': 'agent/session-not-found',
    'session-id-reused': 'agent/crashed',
    'skip-permissions-root': 'agent/unsupported',
    slow: 'completed',
    'stream-json-without-verbose': 'agent/crashed',
    subagent: 'completed',
    'tools-auto': 'completed',
    'tools-default': 'completed',
  },
  'claude-2.1.330': {
    apidown: 'agent/network',
    badflag: 'agent/unsupported',
    'bash-flip': 'completed',
    'bypass-mode-root': 'agent/unsupported',
    'dash-stdin': 'completed',
    dontask: 'completed',
    drop: 'completed',
    empty: 'completed',
    'err-401': 'agent/auth-failed',
    'err-429': 'limited',
    'err-429-then-ok': 'completed',
    'err-429quota': 'limited',
    'err-500': 'agent/overloaded',
    'err-529': 'agent/overloaded',
    'err-529-then-ok': 'completed',
    'errmid-529': 'completed',
    hang: 'agent/crashed',
    image: 'completed',
    'kill-SIGHUP-stream': 'agent/crashed',
    'kill-SIGINT-stream': 'agent/protocol',
    'kill-SIGKILL-stream': 'agent/crashed',
    'kill-SIGKILL-tool': 'agent/crashed',
    'kill-SIGTERM-group-tool': 'agent/crashed',
    'kill-SIGTERM-stream': 'agent/crashed',
    'max-budget': 'agent/limit',
    maxtok: 'agent/limit',
    new: 'completed',
    pty: 'completed',
    readonly: 'completed',
    refuse: 'agent/permission-denied',
    resume: 'completed',
    'resume-after-kill': 'completed',
    'resume-malformed': 'agent/session-not-found',
    'resume-other-cwd': 'completed',
    'resume-stdin': 'completed',
    'resume-unknown': 'agent/session-not-found',
    'retry-default-529': 'agent/overloaded',
    'same-session-b': 'completed',
    'session-id-reused': 'agent/crashed',
    'skip-permissions-root': 'agent/unsupported',
    'skip-permissions-root-IS_SANDBOX': 'completed',
    slow: 'completed',
    'stream-json-without-verbose': 'agent/crashed',
    subagent: 'completed',
    'tools-auto': 'completed',
    'variadic-eats-prompt': 'agent/crashed',
  },
};

const verdict = (outcome: Outcome): string =>
  outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;

describe.each(Object.keys(VERDICTS))('Verdicts over recorded runs of %s', (version) => {
  it('cover every recording', () => {
    expect(Object.keys(VERDICTS[version] ?? {}).sort()).toEqual(recordedCases(version).sort());
  });

  it.each(Object.entries(VERDICTS[version] ?? {}))('%s: %s', (name, expected) => {
    const { stdout, end } = recording(version, name);
    const { outcome } = playBack(adapter, stdout, end);
    expect(verdict(outcome)).toBe(expected);
    if (outcome.kind === 'completed') return;
    expect(outcome.failure.message).toMatch(/^Claude Code.{10,}/);
    expect(outcome.failure.hint).toMatch(/.{20,}\.$/);
  });
});

describe('The verdict over a run of Claude Code', () => {
  const success = recording('claude-2.1.330', 'new').stdout;

  it('names the signal that ended the process', () => {
    const killed = { exitCode: 137, signal: 'SIGKILL', stderrTail: '' };
    const { outcome } = playBack(adapter, '', killed);
    expect(outcome).toMatchObject({ failure: { message: expect.stringContaining('SIGKILL') } });
    const terminated = playBack(adapter, '', exited(143)).outcome;
    expect(terminated).toMatchObject({ failure: { message: expect.stringContaining('SIGTERM') } });
  });

  it('does not believe a success whose process failed or was killed', () => {
    expect(playBack(adapter, success, exited(0)).outcome.kind).toBe('completed');
    expect(verdict(playBack(adapter, success, exited(1)).outcome)).toBe('agent/crashed');
    const killed = { exitCode: 0, signal: 'SIGTERM', stderrTail: '' };
    expect(verdict(playBack(adapter, success, killed).outcome)).toBe('agent/crashed');
  });

  it('does not believe exit code 0 without the end of the output', () => {
    const cut = success.slice(0, success.lastIndexOf('"type":"result"'));
    expect(verdict(playBack(adapter, cut, exited(0)).outcome)).toBe('agent/protocol');
  });

  it('takes an end whose last newline is missing', () => {
    expect(playBack(adapter, success.trimEnd(), exited(0)).outcome.kind).toBe('completed');
  });

  it.each([
    ['agent/command-not-found', 127, 'claude: command not found'],
    ['agent/binary-not-found', 127, '/opt/ai/claude: command not found'],
    ['agent/binary-not-found', 127, 'sh: 1: /opt/ai tools/claude: not found'],
    ['agent/interpreter-missing', 127, '/usr/bin/env: ‘node’: No such file or directory'],
    ['agent/interpreter-missing', 127, "env: 'node': No such file or directory"],
    ['agent/interpreter-missing', 126, 'sh: /opt/claude: /opt/node: bad interpreter: No such file'],
    [
      'agent/interpreter-missing',
      126,
      '/opt/claude: cannot execute binary file: Exec format error',
    ],
    ['agent/permission-denied', 126, 'sh: 1: /opt/claude: Permission denied'],
  ])('%s for exit code %i with %j', (code, exitCode, stderr) => {
    const { outcome } = playBack(adapter, '', exited(exitCode, `${stderr}\n`));
    expect(verdict(outcome)).toBe(code);
  });

  it('is never drawn from what the model says, in an answer or in a failed tool', () => {
    const prose =
      'Permission denied (publickey). rate limit, 429 Too Many Requests, Invalid API key, ' +
      'Prompt is too long, No conversation found with session ID: 1, command not found';
    const said = success.replaceAll('Hello there.', prose);
    expect(playBack(adapter, said, exited(0)).outcome).toMatchObject({
      kind: 'completed',
      text: expect.stringContaining(prose),
    });
    const beforeEnd = said.slice(0, said.lastIndexOf('\n', said.length - 2));
    const killed = { exitCode: 137, signal: 'SIGKILL', stderrTail: '' };
    expect(verdict(playBack(adapter, beforeEnd, killed).outcome)).toBe('agent/crashed');
  });
});

describe('A limit of the provider', () => {
  const limited = (line: object): Outcome => {
    const result = { type: 'result', subtype: 'success', is_error: true, api_error_status: 429 };
    const lines = [JSON.stringify(line), JSON.stringify({ ...result, ...line, type: 'result' })];
    return playBack(adapter, lines.join('\n'), exited(1)).outcome;
  };

  it('resumes when the structured event says so', () => {
    const rate_limit_info = { status: 'rejected', resetsAt: 1_800_000_000 };
    expect(limited({ type: 'rate_limit_event', rate_limit_info })).toMatchObject({
      kind: 'limited',
      resumesAt: '2027-01-15T08:00:00.000Z',
    });
  });

  it('resumes when its notice says so', () => {
    expect(limited({ result: 'Claude AI usage limit reached|1800000000' })).toMatchObject({
      kind: 'limited',
      failure: { code: 'agent/limit' },
      resumesAt: '2027-01-15T08:00:00.000Z',
    });
  });

  it('has no known end when nobody says so', () => {
    const { stdout, end } = recording('claude-2.1.330', 'err-429');
    expect(playBack(adapter, stdout, end).outcome).toMatchObject({ resumesAt: null });
  });

  it('is not what a budget of the session is', () => {
    const { stdout, end } = recording('claude-2.1.330', 'max-budget');
    expect(playBack(adapter, stdout, end).outcome).toMatchObject({
      kind: 'failed',
      failure: { code: 'agent/limit', recoverable: false },
    });
  });
});

describe('A full context', () => {
  const tooLong = (more: object): string =>
    JSON.stringify({
      ...{ type: 'result', subtype: 'success', is_error: true, api_error_status: 400 },
      ...{ result: 'Prompt is too long · start over', ...more },
    });

  it('is recognised by its reason and by the notice of older versions', () => {
    const named = tooLong({ terminal_reason: 'prompt_too_long', result: 'Too much' });
    for (const line of [named, tooLong({})]) {
      const { outcome } = playBack(adapter, line, exited(1));
      expect(verdict(outcome)).toBe('agent/context-full');
    }
  });
});
