import { describe, expect, it } from '@jest/globals';
import { AgentUnsupported } from '../../../src/agents/failures/agent-errors.js';
import { FactoryDroidAdapter } from '../../../src/agents/factory-droid/factory-droid-adapter.js';
import { turn } from '../../support/run-agent.js';
import { exited, playBack, recording } from './recordings.js';

const adapter = new FactoryDroidAdapter();
const ID = '0a5e0f27-fb16-4547-8c49-6cf9b574c472';
const line = (event: object): string => JSON.stringify(event);

describe('A turn of Droid', () => {
  it('may do all that needs nobody to allow it, and goes on in a copy of its conversation', () => {
    const { argv } = adapter.launch(
      turn('x', { providerSessionId: ID, model: 'custom:A-0', effort: 'high' }),
    );
    expect(argv).toEqual([
      ...['droid', 'exec', '--auto', 'high', '--output-format', 'stream-json'],
      ...['--model', 'custom:A-0', '--reasoning-effort', 'high', '--fork', ID],
    ]);
    const args = ['--auto', 'low'];
    expect(adapter.launch(turn('x', { args })).argv.filter((arg) => arg === '--auto')).toHaveLength(
      1,
    );
    expect(() => adapter.launch(turn('x', { providerSessionId: 'latest' }))).toThrow(
      AgentUnsupported,
    );
  });

  it('that only reads has no tool that writes', () => {
    const { argv } = adapter.launch(turn('x', { readOnly: true }));
    expect(argv.slice(2, 4)).toEqual(['--only-tools', 'Read,LS,Grep,Glob,WebSearch,FetchUrl']);
    expect(argv).not.toContain('--auto');
  });

  it.each([
    ['--auto'],
    ['--auto=low'],
    ['--skip-permissions-unsafe'],
    ['--mcp-config'],
    ['--settings=./mine.json'],
    ['--add-tools'],
    ['--add-tools=Execute'],
    ['--enabled-tools'],
    ['--additional-tools=Execute'],
    ['--restrict-tools'],
    ['--tool-execution-mode'],
    ['--allow-subagents-in-scripts'],
    ['--only-tools'],
    ['--settings'],
    ['--mission'],
    ['-w'],
    ['--'],
  ])('that only reads cannot be given the argument %s', (arg) => {
    expect(() => adapter.launch(turn('x', { readOnly: true, args: [arg] }))).toThrow(
      AgentUnsupported,
    );
    expect(adapter.launch(turn('x', { args: [arg] })).argv).toContain(arg);
  });

  it('that only reads keeps the arguments that take nothing from that, even without their value', () => {
    const args = ['--remove-tools', 'FetchUrl', '--append-system-prompt'];
    const { argv } = adapter.launch(turn('x', { readOnly: true, args }));
    expect(argv.slice(2, 7)).toEqual(['--only-tools', expect.any(String), ...args]);
  });
});

describe('A command that is ended by a signal', () => {
  const { stdout, end } = recording('droid-0.225.2', 'kill-SIGTERM-tool');
  const TOLD = 'Command terminated by signal: SIGTERM';
  const verdict = (said: string, given = end): string => {
    const { outcome } = playBack(adapter, said, given);
    return outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;
  };

  it('was so by Droid, when that was told to end', () => {
    expect(stdout).toContain(TOLD);
    expect(end).toMatchObject({ exitCode: 0, signal: null });
    expect(verdict(stdout)).toBe('agent/crashed');
  });

  it.each([
    'Command failed (exit code: 143)\\nTerminated',
    'Command failed (exit code: 137)\\nTold: Command terminated by signal: SIGTERM',
    'Command terminated by signal: SIGKILL',
    'Command terminated by signal: SIGSEGV',
  ])('is the business of the model when it was so by itself: %s', (told) => {
    const own = stdout.replace(TOLD, told);
    expect(verdict(own)).toBe('completed');
    expect(verdict(own, { ...end, exitCode: 143 })).toBe('agent/crashed');
    expect(verdict(own, { ...end, signal: 'SIGTERM' })).toBe('agent/crashed');
    expect(verdict(own.replace(/^.*"completion".*$/m, ''))).toBe('agent/protocol');
  });

  it('is no success after an order to end, whatever is told of it', () => {
    const own = stdout.replace(TOLD, 'Command failed (exit code: 130)');
    expect(verdict(own)).toBe('completed');
    expect(verdict(own, { ...end, wasStopped: true })).toBe('agent/protocol');
  });

  it('... and when another follows it, but not when another ends after it', () => {
    const more = (after: string, ...events: object[]): string =>
      stdout
        .split('\n')
        .flatMap((each) => (each.includes(after) ? [each, ...events.map(line)] : [each]))
        .join('\n');
    const call = { type: 'tool_call', id: 'other', toolName: 'Execute', parameters: {} };
    const result = { type: 'tool_result', id: 'other', isError: false, value: 'ok' };
    expect(verdict(more('"type":"tool_result"', call, result))).toBe('completed');
    expect(
      verdict(
        more('"type":"tool_call"', call).replace(/^.*"tool_result".*$/m, `$&\n${line(result)}`),
      ),
    ).toBe('agent/crashed');
  });
});

describe('Output of droid-0.225.2', () => {
  it('gives its thoughts once, its answer and what it used', () => {
    const { stdout, end } = recording('droid-0.225.2', 'new');
    const { facts, state, outcome } = playBack(adapter, stdout, end);
    expect(outcome).toMatchObject({ kind: 'completed', text: expect.stringMatching(/^Hello/) });
    expect(facts.filter(({ type }) => type === 'reasoning')).toEqual([
      { type: 'reasoning', text: 'I will greet the user.' },
    ]);
    expect(state.usage).toMatchObject({ inputTokens: 1200, outputTokens: 34, costUsd: null });
  });

  it.each([
    ['429 Rate limit reached. Please try again in 20s.', 20],
    ['429 Too many requests, retry after 2 minutes', 120],
  ])('names the time after %s', (message, seconds) => {
    const before = Date.now();
    const { outcome } = playBack(adapter, line({ type: 'error', message }), exited(1));
    if (outcome.kind !== 'limited') throw new Error(`It is ${outcome.kind}`);
    const late = Date.parse(outcome.resumesAt ?? '') - before - seconds * 1_000;
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(60_000);
  });
});
