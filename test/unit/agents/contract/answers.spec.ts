import { describe, expect, it } from '@jest/globals';
import { type ProcessEnd } from '../../../../src/agents/adapter.js';
import { SUBJECTS } from '../../../agents/subjects/index.js';
import { turn } from '../../../support/run-agent.js';
import { playBack, type Playback, recording } from '../recordings.js';

/** Recordings of answers that the limit of output tokens has cut off; and whose CLI tells nothing of that. */
const CUT = ['maxtok', 'cut-twice', 'cut-unstreamed'];
const TELL_NOTHING = ['gemini-cli', 'qwen'];
/** Of a model that has answered nothing. */
const EMPTY = ['empty'];

const recordedAs = (names: readonly string[]) =>
  SUBJECTS.flatMap((subject) =>
    Object.entries(subject.recorded.verdicts).flatMap(([folder, verdicts]) =>
      names
        .filter((name) => verdicts[name] !== undefined)
        .map((name) => ({ subject, folder, name, label: `${folder}/${name}` })),
    ),
  );
type Recorded = ReturnType<typeof recordedAs>[number];

const play = (
  { subject: { adapter }, folder, name }: Recorded,
  more: Partial<ProcessEnd> = {},
  prompt = 'x',
): Playback => {
  const { stdout, end } = recording(folder, name);
  return playBack(adapter, stdout, { ...end, ...more }, turn(prompt));
};

describe('An answer that was cut off by the limit of its model', () => {
  const cut = recordedAs(CUT);
  const told = cut.filter(({ subject }) => !TELL_NOTHING.includes(subject.name));

  it('was recorded of every CLI that ends then', () => {
    const names = new Set(cut.map(({ subject }) => subject.name));
    expect([...names].sort()).toEqual(
      expect.arrayContaining([
        'claude-code',
        'codex',
        'copilot-cli',
        'gemini-cli',
        'opencode',
        'qwen',
      ]),
    );
  });

  it.each(told)('is a failure that waits for no reset, and is kept: $label', (each) => {
    const { outcome, state } = play(each);
    expect(outcome).toMatchObject({
      ...{ kind: 'failed', failure: { code: 'agent/limit', recoverable: true } },
    });
    if (outcome.kind === 'failed') expect(outcome.failure.hint).toMatch(/shorter|smaller/);
    if (outcome.kind === 'failed') expect(outcome.failure.hint).not.toMatch(/reset/);
    expect(state.text).toMatch(/./);
    // What was done before does not make it whole.
    expect(play(each, { hasWorked: true }).outcome.kind).toBe('failed');
  });

  it.each(cut.filter((each) => !told.includes(each)))(
    'passes for a whole one where the CLI tells nothing of it: $label',
    (each) => {
      expect(play(each).outcome).toMatchObject({ kind: 'completed', text: expect.any(String) });
    },
  );
});

describe('A turn whose model has answered nothing', () => {
  const empty = recordedAs(EMPTY);

  it('was recorded of every CLI that has recordings of its own', () => {
    const own = SUBJECTS.filter(({ adapter }) => !['acp', 'custom'].includes(adapter.agent));
    const names = new Set(empty.map(({ subject }) => subject.name));
    expect([...names].sort()).toEqual(own.map(({ name }) => name).sort());
  });

  it.each(empty)('is asked again after a while: $label', (each) => {
    const { outcome } = play(each);
    expect(outcome).toMatchObject({
      ...{ kind: 'failed', failure: { code: 'agent/overloaded', recoverable: true } },
    });
  });

  const judged = empty.filter(
    (each) => play(each, { hasWorked: true }).outcome.kind === 'completed',
  );
  it.each(judged)('has completed when it has done something: $label', (each) => {
    expect(play(each, { hasWorked: true }).outcome).toEqual({ kind: 'completed', text: '' });
  });
  it.each(judged)("or was a command of the CLI's own: $label", (each) => {
    expect(play(each, {}, '/compact').outcome).toEqual({ kind: 'completed', text: '' });
    expect(play(each, {}, '/compact keep the plan').outcome.kind).toBe('completed');
    expect(play(each, {}, '/etc/hosts is what?').outcome.kind).toBe('failed');
  });
  it('is judged here where its CLI finds nothing wrong with that', () => {
    const names = new Set(judged.map(({ subject }) => subject.name));
    expect([...names].sort()).toEqual(['claude-code', 'codex', 'factory-droid', 'opencode']);
  });
});
