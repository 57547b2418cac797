import { describe, expect, it } from '@jest/globals';
import { AgentUnsupported } from '../../../src/agents/failures/agent-errors.js';
import { CustomAdapter } from '../../../src/agents/custom/custom-adapter.js';
import { type CustomAgent, customAgentSchema } from '../../../src/agents/custom/custom-agent.js';
import { requireDefinition } from '../../../src/agents/custom/definition.js';
import { valueAt } from '../../../src/agents/custom/json-pointer.js';
import { LineSplitter } from '../../../src/modules/sessions/drive/line-splitter.js';
import { turn } from '../../support/run-agent.js';
import { exited, playBack, type Playback } from './recordings.js';

const NDJSON = { format: 'ndjson', text: '/result' };
const defined = (definition: object): CustomAgent =>
  customAgentSchema.parse({ prompt: 'stdin', output: { format: 'text' }, ...definition });
const adapterOf = (definition: object): CustomAdapter => new CustomAdapter(defined(definition));
const play = (output: object, stdout: string, end = exited(0)): Playback =>
  playBack(adapterOf({ output }), stdout, end, turn('x', { command: '/opt/agent' }));
const line = (value: object): string => JSON.stringify(value);

describe('The lines of a custom agent', () => {
  it('may hold several documents each, also the last without its end', () => {
    const told = [{ other: 1 }, { result: 'one' }, { result: 'two } {' }].map(line);
    for (const stdout of [told.join(''), told.join(' \t'), `noise\n${told.join('\n')}`]) {
      expect(play(NDJSON, stdout).outcome).toEqual({ kind: 'completed', text: 'two } {' });
    }
  });
});

describe('The command line of a custom agent', () => {
  const definition = {
    prompt: 'file',
    output: { ...NDJSON, sessionId: '/id' },
    model: { args: ['--model={model}'] },
    readOnly: { args: ['--dry'] },
    images: { args: ['--image', '{imageFile}'] },
    resume: { args: ['--resume', '{sessionId}'] },
  };
  const args = ['run', '--in={promptFile}', '{cwd}', '{"a":{"b":1}}', '{{cwd}}'];
  const image = { name: 'x', mediaType: 'image/png' as const, data: 'AAEC' };

  it('has what was declared, for this turn, behind the arguments of the session', () => {
    const { argv, stdin, files } = adapterOf(definition).launch(
      turn('--secret', {
        ...{ args, command: '/opt/agent', cwd: '/work dir', directory: '/run/t1' },
        ...{ model: 'big', readOnly: true, images: [image], providerSessionId: '{cwd}' },
      }),
    );
    expect(argv).toEqual([
      ...['/opt/agent', 'run', '--in=/run/t1/prompt.txt', '/work dir', '{"a":{"b":1}}', '{cwd}'],
      ...['--model=big', '--dry', '--image', '/run/t1/image-1.png'],
      // What it has told of itself is no placeholder.
      ...['--resume', '{cwd}'],
    ]);
    expect(stdin).toBe('');
    expect(files).toEqual([
      { name: 'prompt.txt', content: '--secret' },
      { name: 'image-1.png', content: Buffer.from([0, 1, 2]) },
    ]);
  });

  it('has nothing of it in a turn that does not ask for it', () => {
    const launch = adapterOf({ ...definition, prompt: 'stdin' }).launch(
      turn('--secret', { args: ['run'], command: 'agent' }),
    );
    expect(launch).toMatchObject({ argv: ['agent', 'run'], stdin: '--secret', files: [] });
  });

  it('can do what is declared, and nothing else', () => {
    expect(adapterOf(definition).capabilities).toEqual({
      ...{ resume: true, readOnly: 'advisory', model: true, effort: [], images: true },
    });
    expect(adapterOf({}).capabilities).toEqual({
      ...{ resume: false, readOnly: 'none', model: false, effort: [], images: false },
    });
  });

  it('cannot be made without a command', () => {
    expect(() => adapterOf({}).launch(turn('x'))).toThrow(AgentUnsupported);
  });
});

describe('The definition of a custom agent', () => {
  it.each([
    [{ prompt: 'argument' }, ['prompt']],
    [{ output: { format: 'json', text: 'result' } }, ['output', 'text']],
    [{ output: { format: 'json', text: '/a~2' } }, ['output', 'text']],
    [{ output: { format: 'json' } }, ['output', 'text']],
    [{ output: { format: 'text', text: '/a' } }, ['output']],
    [{ output: { ...NDJSON, format: 'json', delta: '/a' } }, ['output']],
    [{ output: { ...NDJSON, usage: { tokens: '/a' } } }, ['output', 'usage']],
    [{ resume: { args: [] } }, ['resume', 'args']],
    [{ colour: 'red' }, []],
  ])('is not %j', (definition, path) => {
    const { error } = customAgentSchema.safeParse({
      ...{ prompt: 'stdin', output: { format: 'text' } },
      ...definition,
    });
    expect(error?.issues.map((issue) => issue.path)).toEqual([path]);
  });

  const faults = (definition: object | null, args: string[] = [], agent = 'custom'): string[] => {
    const custom = definition === null ? null : defined(definition);
    try {
      requireDefinition({ agent: agent as 'custom', args, custom }, '/moderator');
      return [];
    } catch (error) {
      if (!(error instanceof AgentUnsupported)) throw error;
      return (error.errors ?? []).map(({ pointer, detail }) => `${pointer}: ${detail}`);
    }
  };

  it('is needed by custom agents, and by no others', () => {
    expect(faults(null)).toEqual([expect.stringMatching(/^\/moderator\/custom: .*needs/)]);
    expect(faults({}, [], 'codex')).toEqual([
      expect.stringMatching(/^\/moderator\/custom: .*codex/),
    ]);
    expect(faults(null, ['{anything}'], 'codex')).toEqual([]);
    expect(faults({}, ['{cwd}', '{{promptFile}}'])).toEqual([]);
  });

  it('names every placeholder that stands for nothing, where it stands', () => {
    const resume = { args: ['{model}', '--id={sessionId}'] };
    const output = { ...NDJSON, sessionId: '/id' };
    expect(faults({ output, resume }, ['ok', '--in={promptFile} {foo}'])).toEqual([
      expect.stringMatching(/^\/moderator\/args\/1: \{promptFile\} .*known are \{cwd\}/),
      expect.stringMatching(/^\/moderator\/args\/1: \{foo\}/),
      expect.stringMatching(/^\/moderator\/custom\/resume\/args\/0: \{model\}/),
    ]);
  });

  it('would not leave a prompt, an image, a model or a conversation behind', () => {
    expect(faults({ prompt: 'file' })).toEqual([expect.stringContaining('/args: ')]);
    const idle = { args: ['--on'] };
    expect(faults({ model: idle, images: idle, resume: idle })).toEqual([
      expect.stringContaining('/custom/model/args: No argument has {model}'),
      expect.stringContaining('/custom/images/args: No argument has {imageFile}'),
      expect.stringContaining('/custom/resume/args: No argument has {sessionId}'),
      expect.stringContaining('/custom/resume: A conversation can only be resumed'),
    ]);
  });
});

describe('A JSON Pointer', () => {
  const value = { a: [{ 'b/c': 1 }, null], '~': 2, '': 3, '0': 4 };
  it.each([
    ['', value],
    ['/a/0/b~1c', 1],
    ['/a/1', null],
    ['/~0', 2],
    ['/', 3],
    ['/0', 4],
    ['/a/2', undefined],
    ['/a/-', undefined],
    ['/a/00', undefined],
    ['/a/length', undefined],
    ['/toString', undefined],
    ['/~0/x', undefined],
  ])('%j finds what stands there', (pointer, found) => {
    expect(valueAt(value, pointer)).toEqual(found);
  });
});

describe('The output of a custom agent', () => {
  it('that is text is the answer, as it comes', () => {
    const { facts, shown, outcome } = play({ format: 'text' }, '\none\r\n\n  two\n\n\n');
    expect(facts).toEqual([
      { type: 'text', text: 'one' },
      { type: 'text', text: '\n\n  two' },
    ]);
    expect(outcome).toEqual({ kind: 'completed', text: 'one\n\n  two' });
    expect(shown).toBe('one\n\n  two');
    expect(play({ format: 'text' }, '').outcome).toEqual({ kind: 'completed', text: '' });
  });

  const output = {
    ...{ format: 'json', text: '/answer/text', sessionId: '/id', model: '/model' },
    ...{ error: '/error', reasoning: '/thought' },
    usage: { inputTokens: '/usage/in', outputTokens: '/usage/out', costUsd: '/cost' },
  };
  const answer = {
    ...{ answer: { text: 'Done: "}" {' }, id: 's-1', model: 'm', error: null, thought: 'Hm.' },
    ...{ usage: { in: 10, out: 2 }, cost: 0.5 },
  };

  it.each([
    ['on one line', JSON.stringify(answer)],
    ['on many', JSON.stringify(answer, null, 2)],
    [
      'indented, with noise around it',
      `[warn] x\nhello\n  ${JSON.stringify(answer, null, 3)}\nbye\n`,
    ],
    [
      'after another',
      `${JSON.stringify({ id: 'old', answer: { text: 7 } }, null, 2)}\n${line(answer)}`,
    ],
  ])('that is a document %s has everything at its pointers', (_, stdout) => {
    const { facts, state, outcome } = play(output, stdout);
    expect(outcome).toEqual({ kind: 'completed', text: 'Done: "}" {' });
    expect(facts).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Done: "}" {' },
    ]);
    expect(state).toMatchObject({
      ...{ providerSessionId: 's-1', model: 'm' },
      usage: { inputTokens: 10, outputTokens: 2, cacheReadTokens: 0, costUsd: 0.5 },
    });
  });

  it.each([
    ['a progress bar', '[=====>   '],
    ['a list that never ends', '[1, 2,'],
    ['a quote that never ends', '{ "'],
    ['the first half of another', '{"answer":\n  {"text": "old",'],
  ])('that is a document is found behind noise that opens a bracket: %s', (_, noise) => {
    for (const more of ['', '\nbye']) {
      const { outcome } = play(output, `${noise}\n${line(answer)}${more}`);
      expect(outcome).toEqual({ kind: 'completed', text: 'Done: "}" {' });
    }
  });

  it('that is a document on many lines is found behind a progress bar', () => {
    const stdout = `[=====>   \n  [==>\n${JSON.stringify(answer, null, 2)}\n`;
    expect(play(output, stdout).outcome).toEqual({ kind: 'completed', text: 'Done: "}" {' });
  });

  it('that is a document keeps what stands within it, indented or not', () => {
    const stdout = '[\n[1, 2],\n{"text": "no"},\n  {"text": "yes"}\n]\n';
    expect(play({ format: 'json', text: '/2/text' }, stdout).outcome).toEqual({
      ...{ kind: 'completed', text: 'yes' },
    });
  });

  it('that is a document is the same however its output is cut', () => {
    const stdout = `hello\n[=====>   \n${line(answer)}\n${JSON.stringify(answer, null, 1)}\n`;
    const adapter = adapterOf({ output });
    const given = turn('x', { command: '/opt/agent' });
    const whole = playBack(adapter, stdout, exited(0), given);
    expect(whole.shown).toBe('Done: "}" {\n\nDone: "}" {');
    for (const size of [1, 7, 61]) {
      const splitter = new LineSplitter(0, () => undefined);
      let state = adapter.initialState();
      for (let at = 0; at < stdout.length; at += size) {
        for (const each of splitter.push(Buffer.from(stdout.slice(at, at + size)))) {
          state = adapter.parse(state, each).state;
        }
      }
      expect({ size, state }).toEqual({ size, state: whole.state });
    }
  });

  it('that is a document may have a line of 10 MB', () => {
    const text = '\\" [ { '.repeat(1_500_000);
    const long = { answer: { text } };
    for (const stdout of [line(long), `{\n"answer":${line(long.answer)}\n}`]) {
      const { outcome } = play(output, stdout);
      if (stdout.includes('\n')) expect(outcome.kind).toBe('failed');
      else expect(outcome).toEqual({ kind: 'completed', text });
    }
  });

  it('that is a document is read in time that grows with its length alone', () => {
    const rows = Array.from({ length: 15_000 }, (_, at) => line({ at, text: 'x'.repeat(100) }));
    const adapter = adapterOf({ output: { format: 'json', text: '/14999/text' } });
    const started = performance.now();
    let state = adapter.initialState();
    for (const each of ['[', rows.join(',\n'), ']'].join('\n').split('\n')) {
      state = adapter.parse(state, each).state;
    }
    expect(state.text).toBe('x'.repeat(100));
    expect(performance.now() - started).toBeLessThan(20_000);
  }, 60_000);

  it('that never closes a bracket is not kept for ever', () => {
    const noise = `[\n${`"${'x'.repeat(1_000_000)}",\n`.repeat(9)}`;
    const { state, outcome } = play(output, `${noise}${JSON.stringify(answer, null, 2)}\n`);
    expect(outcome).toEqual({ kind: 'completed', text: 'Done: "}" {' });
    expect(JSON.stringify(state).length).toBeLessThan(2_000_000);
  });

  it('that is a document on each line counts by the last line that has a field', () => {
    const lines = [
      { id: 'first', result: 'one' },
      { id: 'second', error: 'trying again' },
      { result: 'two', error: '', usage: { in: 5 } },
      { other: true },
    ].map(line);
    const { state, shown, outcome } = play(
      { ...NDJSON, sessionId: '/id', error: '/error', usage: { inputTokens: '/usage/in' } },
      ['noise', ...lines, '{"result":"cut o'].join('\n'),
    );
    expect(outcome).toEqual({ kind: 'completed', text: 'two' });
    expect(shown).toBe('one\n\ntwo');
    expect(state).toMatchObject({ providerSessionId: 'second', usage: { inputTokens: 5 } });
  });

  it('is shown in pieces where it says them, and never twice', () => {
    const pieces = { ...NDJSON, delta: '/piece' };
    const said = (...lines: object[]): Pick<Playback, 'shown' | 'outcome'> => {
      const { shown, outcome } = play(pieces, lines.map(line).join('\n'));
      return { shown, outcome };
    };
    expect(said({ piece: 'Hel' }, { piece: 'lo' }, { result: 'Hello.' })).toEqual({
      ...{ shown: 'Hello.', outcome: { kind: 'completed', text: 'Hello.' } },
    });
    expect(said({ piece: 'a' }, { result: 'a' }, { piece: 'b' }, { result: 'b' }).shown).toBe(
      'a\n\nb',
    );
  });

  it('names no conversation that would be an option among arguments', () => {
    const { state } = play({ ...NDJSON, sessionId: '/id' }, line({ id: '--yolo', result: 'x' }));
    expect(state.providerSessionId).toBeNull();
  });
});

describe('A custom agent', () => {
  it.each([
    ['exits with 3', { ...exited(3), stderrTail: 'why\nbecause\n' }, 'agent/crashed', /because$/],
    [
      'is not there',
      { ...exited(127, '/opt/agent: command not found'), isMissing: true },
      'agent/binary-not-found',
      /agent/,
    ],
    ['is killed', { ...exited(137), signal: 'SIGKILL' }, 'agent/crashed', /SIGKILL/],
    ['does not say what was declared', exited(0), 'agent/protocol', /\/answer/],
  ])('that %s has failed', (_, end, code, message) => {
    const { outcome } = play({ format: 'json', text: '/answer' }, line({ text: 'x' }), end);
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { code, message: expect.stringMatching(message) },
    });
  });

  it.each([
    [{ error: 'no key' }, 0, 'no key'],
    [{ error: { message: 'no key', code: 7 } }, 0, 'no key'],
    [{ error: { code: 7 } }, 1, '{"code":7}'],
    [{ error: true }, 1, 'true'],
  ])('that says %j has failed by its own words, whatever it exits with', (said, code, words) => {
    const output = { ...NDJSON, error: '/error' };
    const { outcome } = play(output, line({ result: 'x', ...said }), exited(code, 'other'));
    expect(outcome).toMatchObject({
      failure: { code: 'agent/crashed', message: `Custom agent: ${words}` },
    });
  });

  it.each([
    [{ format: 'text' }, 'why', ''],
    [{ format: 'json', text: '/answer' }, '{"answer":"why"}', ' \n'],
  ])(
    'that exits with 1 is quoted where its answer of %j would be, if it says nothing else',
    (output, stdout, stderr) => {
      const { outcome } = play(output, stdout, exited(1, stderr));
      expect(outcome).toMatchObject({
        failure: { code: 'agent/crashed', message: 'Custom agent exited with code 1: why' },
      });
      expect(play(output, stdout, exited(1, 'because')).outcome).toMatchObject({
        failure: { message: 'Custom agent exited with code 1: because' },
      });
      // Nor is it judged by that.
      const gone = play({ format: 'text' }, 'x: command not found', exited(1)).outcome;
      expect(gone).toMatchObject({ failure: { code: 'agent/crashed' } });
    },
  );

  it('that was told to end is no success, although it ends well', () => {
    const end = { ...exited(0), wasStopped: true };
    const failure = { code: 'agent/crashed', message: expect.stringContaining('told to end') };
    expect(play({ format: 'text' }, 'all is well', end).outcome).toMatchObject({ failure });
    expect(play(NDJSON, line({ result: 'well' }), end).outcome).toMatchObject({ failure });
    const left = play({ format: 'text' }, '', { ...exited(3, 'no key'), wasStopped: true }).outcome;
    expect(left).toMatchObject({ failure: { message: expect.stringContaining('no key') } });
  });

  it('that was killed is no success, whatever it has said', () => {
    const end = { ...exited(143), signal: 'SIGTERM' };
    expect(play({ format: 'text' }, 'all is well', end).outcome).toMatchObject({ kind: 'failed' });
    expect(play(NDJSON, line({ result: 'well' }), end).outcome).toMatchObject({ kind: 'failed' });
  });
});
