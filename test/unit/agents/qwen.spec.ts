import { describe, expect, it } from '@jest/globals';
import { AgentUnsupported } from '../../../src/agents/failures/agent-errors.js';
import { QwenAdapter } from '../../../src/agents/qwen/qwen-adapter.js';
import { turn } from '../../support/run-agent.js';
import { exited, type Playback, playBack, recording } from './recordings.js';

const adapter = new QwenAdapter();
const VERSION = 'qwen-0.15.10';
const ID = '343e3588-0503-4c27-bffc-8c3ace094cd6';
const play = (name: string): Playback => {
  const { stdout, end } = recording(VERSION, name);
  return playBack(adapter, stdout, end);
};

describe('A turn of Qwen Code', () => {
  it('has its prompt on stdin, with every at sign escaped', () => {
    const { argv, stdin } = adapter.launch(turn('--mail a@b.c'));
    expect(stdin).toMatch(/^--mail a\\@b\.c\n/);
    expect(argv.join(' ')).not.toContain('mail');
    expect(argv.join(' ')).toContain('--approval-mode yolo');
    expect(adapter.launch(turn('plain')).stdin).toBe('plain');
  });

  it('is never taken for a command of the CLI', () => {
    expect(adapter.launch(turn('/clear all')).stdin).toBe('\n/clear all');
  });

  it('resumes by an id alone', () => {
    const { argv } = adapter.launch(turn('x', { providerSessionId: ID, model: 'm' }));
    expect(argv.slice(-4)).toEqual(['--model', 'm', '--resume', ID]);
    for (const providerSessionId of ['my chat', '', '--continue']) {
      expect(() => adapter.launch(turn('x', { providerSessionId }))).toThrow(AgentUnsupported);
    }
  });

  it('that only reads has tools that read, in no mode that settings can loosen', () => {
    const { argv } = adapter.launch(turn('x', { readOnly: true, args: ['--debug'] }));
    const given = argv.join(' ');
    expect(given).toContain('--debug --approval-mode default --core-tools read_file ');
    expect(given).toMatch(
      /--exclude-tools run_shell_command edit write_file .* --allowed-mcp-server-names none /,
    );
    expect(given).not.toContain('yolo');
  });

  it.each([
    [['-y']],
    [['-dy']],
    [['-s']],
    [['--yolo']],
    [['--approval-mode', 'yolo']],
    [['--approvalMode=yolo']],
    [['--core-tools', 'edit']],
    [['--allowed-tools=edit']],
    [['--allowed-mcp-server-names', 'files']],
    [['--mcp-config', '{}']],
    [['--extensions', 'x']],
    [['--no-exclude-tools']],
    [['--']],
  ])('is not read-only with the arguments %j of its session, and so refused', (args) => {
    expect(() => adapter.launch(turn('x', { args, readOnly: true }))).toThrow(AgentUnsupported);
    expect(adapter.launch(turn('x', { args })).argv).toEqual(expect.arrayContaining(args));
  });
});

describe(`Output of ${VERSION}`, () => {
  it('gives the answer, the thoughts, the model, the conversation and what was used', () => {
    const { state, facts, shown } = play('new');
    expect(state).toMatchObject({
      ...{ text: 'Hello there.\nSecond line with ünïcödé 🎉 and "quotes".', model: 'fake-model' },
      providerSessionId: expect.any(String),
      // Of the answer, and of what was worth remembering.
      usage: { inputTokens: 2400, outputTokens: 68, cacheReadTokens: 2000, contextTokens: 2200 },
    });
    expect(shown).toBe(state.text);
    expect(facts.filter(({ type }) => type === 'model-call')).toEqual([
      {
        ...{ type: 'model-call', model: 'fake-model' },
        tokens: {
          ...{ inputTokens: 1200, outputTokens: 34, cacheReadTokens: 1000, cacheWriteTokens: 0 },
          reasoningTokens: null,
        },
      },
    ]);
    const thoughts = facts.map((fact) => (fact.type === 'reasoning' ? fact.text : '')).join('');
    expect(thoughts).toBe('I will greet the user.');
  });

  it('may be nested more deeply than can be written again', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const line = `{"type":"assistant","message":{"content":[]},"more":${deep}}`;
    const state = adapter.initialState();
    expect(adapter.parse(state, line)).toEqual({
      state,
      facts: [{ type: 'unknown', name: 'assistant', raw: line.slice(0, 2_000) }],
    });
  });

  it('has the answer of the agent itself, not that of one that helps it', () => {
    expect(play('subagent')).toMatchObject({
      shown: 'main answer',
      state: { text: 'main answer' },
    });
  });
});

describe('An error that Qwen Code reports as a success', () => {
  it.each([
    ['err-401', ''],
    ['err-ctx', ''],
    ['apidown', ''],
    ['empty', ''],
    ['errmid-529', 'never quite done'],
    ['drop', 'never quite done'],
  ])('is a failure, and no part of the answer: %s', (name, said) => {
    const { outcome, shown, state } = play(name);
    expect(outcome.kind).toBe('failed');
    expect(shown).toBe(said);
    expect(state.text ?? '').toBe(said);
  });

  it('is none when the model has said the same', () => {
    const { outcome, shown } = play('says-api-error');
    const text = '[API Error: 401 invalid x-api-key]';
    expect(outcome).toEqual({ kind: 'completed', text });
    expect(shown).toBe(text);
  });

  it('is none when the model has said the same in one piece, and its answer was counted', () => {
    const { stdout, end } = recording(VERSION, 'err-401');
    const zero = '"usage":{"input_tokens":0,"output_tokens":0}';
    expect(stdout).toContain(zero);
    const counted = stdout.replace(zero, '"usage":{"input_tokens":9,"output_tokens":3}');
    const { outcome, shown } = playBack(adapter, counted, end);
    expect(outcome).toEqual({ kind: 'completed', text: '[API Error: 401 invalid x-api-key]' });
    expect(shown).toBe('[API Error: 401 invalid x-api-key]');
  });

  it.each(['with empty response text', 'without a finish reason'])(
    'is one when the stream has ended %s, but for a model that quotes it',
    (how) => {
      const notice = `[API Error: Model stream ended ${how}.]`;
      const recorded = recording(VERSION, 'empty');
      const stdout = recorded.stdout.replaceAll(
        /\[API Error: Model stream ended [^\]]*\]/g,
        notice,
      );
      expect(stdout).toContain('"usage":{"input_tokens":2200,"output_tokens":34');
      expect(playBack(adapter, stdout, recorded.end)).toMatchObject({
        ...{ shown: '', outcome: { kind: 'failed', failure: { code: expect.any(String) } } },
      });
      const [piece = ''] = stdout.split('\n').filter((each) => each.includes('"text_delta"'));
      const quoted = stdout
        .replaceAll(notice, `It says: ${notice}`)
        .replace(
          piece.replace(notice, `It says: ${notice}`),
          `${piece.replace(notice, 'It says: ')}\n${piece}`,
        );
      const { outcome, shown } = playBack(adapter, quoted, recorded.end);
      expect(outcome).toEqual({ kind: 'completed', text: `It says: ${notice}` });
      expect(shown).toBe(`It says: ${notice}`);
    },
  );

  it('is none when the model goes on, though nobody counts', () => {
    const { stdout, end } = recording(VERSION, 'err-401');
    const [piece = ''] = stdout.split('\n').filter((line) => line.includes('"text_delta"'));
    const notice = '[API Error: 401 invalid x-api-key]';
    const more = `${notice} is what it says.`;
    const longer = stdout
      .replaceAll(notice, more)
      .replace(
        piece.replaceAll(notice, more),
        `${piece}\n${piece.replace(notice, ' is what it says.')}`,
      );
    const { outcome, shown } = playBack(adapter, longer, end);
    expect(outcome).toEqual({ kind: 'completed', text: more });
    expect(shown).toBe(more);
  });

  it.each([
    ['agent/limit', '[API Error: 402 Insufficient balance]'],
    ['agent/overloaded', '[API Error: 500 Internal server error]'],
    ['agent/context-full', "[API Error: 400 This model's maximum context length is 8192 tokens.]"],
    ['agent/crashed', '[API Error: 400 I have read of a 401 and of a rate limit]'],
    ['agent/auth-failed', 'Qwen OAuth free tier has been discontinued as of 2026-04-15.'],
    [
      'limited',
      '[API Error: 429 Rate limit reached]\nPossible quota limitations in place or slow response times detected. Please wait and try again later.',
    ],
  ])('is %s for %j', (expected, notice) => {
    const { stdout, end } = recording(VERSION, 'err-401');
    const text = JSON.stringify(notice).slice(1, -1);
    const { outcome, shown } = playBack(
      adapter,
      stdout.replaceAll('[API Error: 401 invalid x-api-key]', text),
      end,
    );
    expect(outcome.kind === 'failed' ? outcome.failure.code : outcome.kind).toBe(expected);
    expect(shown).toBe('');
  });

  it('does not outlive a turn that has gone on', () => {
    const { stdout, end } = recording(VERSION, 'err-401');
    const healthy = recording(VERSION, 'refuse').stdout.split('\n').slice(1).join('\n');
    const first = stdout
      .split('\n')
      .filter((line) => !line.includes('"type":"result"'))
      .join('\n');
    expect(playBack(adapter, `${first}\n${healthy}`, end).outcome).toEqual({
      ...{ kind: 'completed', text: 'I cannot' },
    });
    expect(playBack(adapter, first, exited(0)).outcome).toMatchObject({
      failure: { code: 'agent/protocol' },
    });
  });
});
