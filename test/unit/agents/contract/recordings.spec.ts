import { describe, expect, it } from '@jest/globals';
import {
  CONTRACT_CASES,
  type ContractCase,
  isNone,
  type Subject,
} from '../../../agents/contract/subject.js';
import { SUBJECTS } from '../../../agents/subjects/index.js';
import { type Playback, recordedCases } from '../recordings.js';
import { play, recorded, verdict } from './play.js';

/** What the recording of a case must show. */
const SHOWS: Record<ContractCase, (it: Playback, subject: Subject) => void> = {
  'new-turn': ({ outcome, shown, state }, { adapter, told }) => {
    answered(outcome);
    if (outcome.kind === 'completed') expect(shown).toBe(outcome.text);
    if (adapter.capabilities.resume) expect(state.providerSessionId).toEqual(expect.any(String));
    if (told.usage === 'no') expect(state.usage).toBeNull();
    else expect(state.usage?.outputTokens).toBeGreaterThan(0);
    if (told.cost) expect(state.usage?.costUsd).toBeGreaterThan(0);
  },
  resume: ({ outcome, state }) => {
    answered(outcome);
    expect(state.providerSessionId).toEqual(expect.any(String));
  },
  'read-only': ({ outcome }) => {
    answered(outcome);
  },
  'long-prompt': ({ outcome }) => {
    answered(outcome);
  },
  'dashes-prompt': ({ outcome }) => {
    answered(outcome);
  },
  'shell-prompt': ({ outcome }) => {
    answered(outcome);
  },
  image: ({ outcome }) => {
    answered(outcome);
  },
  edit: ({ outcome, facts, state, shown }, { told }) => {
    answered(outcome);
    // Whatever it has said on the way, its answer is the last of it.
    expect(shown.endsWith(state.text ?? '?')).toBe(true);
    const tools = facts.flatMap((fact) => (fact.type === 'tool' ? [fact] : []));
    const of = (isStart: boolean): string[] =>
      tools.flatMap(({ id, phase }) => ((phase === 'started') === isStart ? [id] : [])).sort();
    if (told.tools === false) {
      expect(tools).toEqual([]);
      return;
    }
    expect(of(true)).not.toEqual([]);
    expect(of(false)).toEqual(of(true));
    expect(tools.some(({ phase, summary }) => phase !== 'failed' && summary !== null)).toBe(true);
  },
  model: ({ outcome }) => {
    answered(outcome);
  },
  effort: ({ outcome }) => {
    answered(outcome);
  },
  'auth-failed': ({ outcome }) => {
    expect(outcome).toMatchObject({
      ...{ kind: 'failed', failure: { code: 'agent/auth-failed', recoverable: false } },
    });
  },
  limit: ({ outcome }, { told }) => {
    expect(outcome).toMatchObject({ kind: 'limited', failure: { code: 'agent/limit' } });
    if (outcome.kind !== 'limited' || told.reset === 'no') return;
    expect(outcome.resumesAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  },
  overloaded: ({ outcome }) => {
    expect(outcome).toMatchObject({
      ...{ kind: 'failed', failure: { code: 'agent/overloaded', recoverable: true } },
    });
  },
  'context-full': ({ outcome }) => {
    expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'agent/context-full' } });
  },
  'slow-stream': ({ outcome, facts, shown, state }, { told }) => {
    answered(outcome);
    expect(shown.endsWith(state.text ?? '?')).toBe(true);
    const pieces = facts.filter(({ type }) => type === 'text').length;
    if (told.streams) expect(pieces).toBeGreaterThan(2);
  },
  cancel: ({ outcome, facts, state }, { adapter }) => {
    expect(outcome.kind).toBe('failed');
    expect(facts.some((fact) => fact.type === 'tool' && fact.phase === 'started')).toBe(true);
    if (adapter.capabilities.resume) expect(state.providerSessionId).toEqual(expect.any(String));
  },
  'session-not-found': ({ outcome }) => {
    expect(outcome).toMatchObject({ failure: { code: 'agent/session-not-found' } });
  },
};

const answered = (outcome: Playback['outcome']): void => {
  expect(outcome).toMatchObject({ kind: 'completed', text: expect.stringMatching(/./) });
};

describe.each(SUBJECTS)('Recorded runs of $cli', (subject) => {
  const { verdicts, cases } = subject.recorded;

  it.each(Object.keys(verdicts))('of %s have each a verdict', (folder) => {
    expect(Object.keys(verdicts[folder] ?? {}).sort()).toEqual(recordedCases(folder).sort());
  });

  const all = Object.entries(verdicts).flatMap(([folder, each]) =>
    Object.entries(each).map(([name, expected]) => [`${folder}/${name}`, expected] as const),
  );
  it.each(all)('%s: %s', (name, expected) => {
    const { outcome } = play(subject, name, recorded(subject, name));
    expect(verdict(outcome)).toBe(expected);
    if (outcome.kind === 'completed') return;
    expect(outcome.failure.message.startsWith(subject.adapter.label)).toBe(true);
    expect(outcome.failure.message.length).toBeGreaterThan(subject.adapter.label.length + 10);
    expect(outcome.failure.hint).toMatch(/.{20,}\.$/);
  });

  for (const name of CONTRACT_CASES) {
    const source = cases[name];
    if (isNone(source)) continue;
    it(`show the case ${name}`, () => {
      SHOWS[name](play(subject, source, recorded(subject, source)), subject);
    });
  }
});
