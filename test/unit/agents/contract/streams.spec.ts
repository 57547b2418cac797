import { describe, expect, it } from '@jest/globals';
import { objectsIn } from '../../../../src/agents/stream/json-objects.js';
import { isNone, type Recording, type Subject } from '../../../agents/contract/subject.js';
import { SUBJECTS } from '../../../agents/subjects/index.js';
import { turn } from '../../../support/run-agent.js';
import { essence, EXITED, play, playChunks, recorded, sourceOf, verdict } from './play.js';

const MB = 1024 * 1024;

/** Numbers below 1, the same in every run. */
const randomOf = (seed: number) => (): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};

const inChunks = function* (bytes: Buffer, size: () => number): Generator<Buffer> {
  for (let from = 0; from < bytes.length;) {
    const to = from + Math.max(1, Math.floor(size()));
    yield bytes.subarray(from, to);
    from = to;
  }
};

/** The contract's recordings of an agent, each once. */
const sourcesOf = ({ recorded: { cases } }: Subject): string[] => [
  ...new Set(Object.values(cases).filter((source) => typeof source === 'string')),
];

const linesOf = ({ stdout }: Recording): string[] =>
  stdout.split(/\r?\n/).filter((line) => line.trim() !== '');
const saysEvents = (given: Recording): boolean =>
  linesOf(given).length > 0 && linesOf(given).every((line) => line.startsWith('{'));

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, each]) => [key, reversed(each)]),
  );
};

/** The same with another value for one of its keys, three levels deep, for each key and kind of value in turn. */
const brokenOf = (value: unknown, depth = 3): unknown[] => {
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  const put = (key: string, other: unknown): unknown =>
    Array.isArray(value)
      ? value.map((each: unknown, index) => (String(index) === key ? other : each))
      : { ...value, [key]: other };
  return Object.entries(value).flatMap(([key, each]) => [
    ...[null, -3, 1e20, 'x', [], [null], {}, true].map((other) => put(key, other)),
    ...brokenOf(each, depth - 1).map((other) => put(key, other)),
  ]);
};

const GREETINGS = [
  'Last login: Mon Nov 23 00:17:17 2026 from 10.0.0.7',
  '\u001b[1;32m*** Welcome to build-7 ***\u001b[0m',
  '\u0000\uFFFD\u001b[?25h',
  '{"half": "an object"',
  '[1,2]',
  'null',
  '"text"',
  '{}',
  'motd: {"type":"result","status":"error"} ',
  '',
];

describe.each(SUBJECTS)('The output of $cli', (subject) => {
  const sources = sourcesOf(subject).map((name) => [name, recorded(subject, name)] as const);
  const events = sources.filter(([, given]) => saysEvents(given));
  const { unknownEvent } = subject.recorded;
  const asIs = (name: string, given: Recording): object => essence(play(subject, name, given));
  const changed = (name: string, given: Recording, change: (lines: string[]) => string): object =>
    essence(play(subject, name, { ...given, stdout: change(linesOf(given)) }));

  it('is the same in any chunks, and so is the answer', () => {
    for (const [name, given] of sources) {
      const bytes = Buffer.from(given.stdout);
      const random = randomOf(bytes.length);
      const sizes = [
        () => 1,
        () => 7,
        () => bytes.length,
        () => random() * 40,
        () => random() * 900,
      ];
      for (const size of sizes) {
        const played = playChunks(subject, name, inChunks(bytes, size), given.end);
        expect(essence(played)).toEqual(asIs(name, given));
      }
    }
  });

  it('may lack its last newline', () => {
    for (const [name, given] of sources) {
      const stdout = given.stdout.trimEnd();
      expect(essence(play(subject, name, { ...given, stdout }))).toEqual(asIs(name, given));
    }
  });

  if (events.length === 0) return;

  it('may follow on greetings and the control sequences of a terminal', () => {
    for (const [name, given] of events) {
      const greeted = (lines: string[]): string =>
        [...GREETINGS, `\u001b[?25l${lines[0] ?? ''}`, ...lines.slice(1)].join('\n');
      expect(changed(name, given, greeted)).toEqual(asIs(name, given));
      const noisy = (lines: string[]): string =>
        [...GREETINGS, ...lines].join('\n\u001b[?25h\n{}\n');
      expect(changed(name, given, noisy)).toEqual(asIs(name, given));
    }
  });

  it('may have several events in a line, with and without a space between them', () => {
    for (const [name, given] of events) {
      for (const between of ['', ' ', '\t']) {
        expect(changed(name, given, (lines) => lines.join(between))).toEqual(asIs(name, given));
      }
    }
  });

  it('may have the keys of its events in any order', () => {
    for (const [name, given] of events) {
      const turned = (lines: string[]): string =>
        lines
          .flatMap(objectsIn)
          .map((each) => JSON.stringify(reversed(JSON.parse(each))))
          .join('\r\n');
      expect(changed(name, given, turned)).toEqual(asIs(name, given));
    }
  });

  if (!isNone(unknownEvent)) {
    it('may have events of a kind that nobody knows, which are kept and change nothing', () => {
      for (const [name, given] of events) {
        const clean = play(subject, name, given);
        const stdout = linesOf(given)
          .map((line) => `${unknownEvent}\n${line}\n${unknownEvent}\n`)
          .join('');
        const { facts, ...rest } = play(subject, name, { ...given, stdout });
        const isNew = (fact: (typeof facts)[number]): boolean =>
          fact.type === 'unknown' && fact.raw === unknownEvent;
        expect(facts.filter(isNew)).toHaveLength(2 * linesOf(given).length);
        const known = facts.filter((fact) => !isNew(fact));
        expect(essence({ ...rest, facts: known })).toEqual(essence(clean));
      }
    });
  }

  it('may have lines of 10 MB, of the answer and of what nobody knows', () => {
    const { words } = subject.recorded;
    const name = sourceOf(subject, 'new-turn');
    const given = recorded(subject, name);
    const long = `${words.slice(0, 1)}${'ü'.repeat(5 * MB)}`;
    const event = isNone(unknownEvent) ? '{"strange":true}' : unknownEvent;
    const strange = event.replace(/\}$/, `,"more":"${'x'.repeat(10 * MB)}"}`);
    const stdout = `${strange}\n${given.stdout.replaceAll(words, long)}`;
    const bytes = Buffer.from(stdout);
    const { outcome, shown, facts } = playChunks(
      subject,
      name,
      inChunks(bytes, () => 65_536),
      given.end,
    );
    expect(verdict(outcome)).toBe('completed');
    expect(outcome.kind === 'completed' && outcome.text.includes(long)).toBe(true);
    expect(shown.split(long)).toHaveLength(2);
    const [kept] = facts.flatMap((fact) => (fact.type === 'unknown' ? [fact] : []));
    if (isNone(unknownEvent)) expect(kept).toBeUndefined();
    else expect(kept?.raw.length).toBeLessThan(10_000);
  });

  it('may have anything where something else was expected', () => {
    const { adapter } = subject;
    const seen = new Set<string>();
    for (const [name, given] of events) {
      const request = turn('x', subject.recorded.request?.(name));
      let state = adapter.initialState(request);
      for (const line of linesOf(given).flatMap(objectsIn)) {
        // One of each kind is enough.
        const kind = line.replace(/:(?:"(?:[^"\\]|\\.){12,}"|[\d.]+)/g, '');
        if (seen.has(kind)) continue;
        seen.add(kind);
        for (const broken of brokenOf(JSON.parse(line))) {
          const odd = adapter.parse(state, JSON.stringify(broken), request).state;
          expect(typeof verdict(adapter.conclude(odd, EXITED, request))).toBe('string');
        }
        ({ state } = adapter.parse(state, line, request));
      }
    }
  });

  it('is understood from a state that another version has left', () => {
    const name = sourceOf(subject, 'edit');
    const given = recorded(subject, name);
    const { adapter } = subject;
    const request = turn('x', subject.recorded.request?.(name));
    const lines = linesOf(given);
    const half = Math.floor(lines.length / 2);
    const step = (state: ReturnType<typeof adapter.initialState>, line: string) =>
      adapter.parse(state, line, request).state;
    const left = lines.slice(0, half).reduce(step, adapter.initialState(request));
    for (const key of [...Object.keys(left.memory), 'what nobody knows']) {
      for (const strange of [null, 3, 'x', [], {}, [{ a: 1 }], true]) {
        const other = { ...left, memory: { ...left.memory, [key]: strange } };
        const last = lines.slice(half).reduce(step, other);
        expect(typeof verdict(adapter.conclude(last, EXITED, request))).toBe('string');
        expect(verdict(adapter.conclude(other, EXITED, request))).not.toBe('completed');
      }
    }
    const forgotten = lines.slice(half).reduce(step, { ...left, memory: {} });
    expect(forgotten.text).toBe(lines.slice(half).reduce(step, left).text);
  });
});
