import { describe, expect, it } from '@jest/globals';
import { isNone, type Recording } from '../../../agents/contract/subject.js';
import { SUBJECTS } from '../../../agents/subjects/index.js';
import {
  EXITED,
  isSpokenWith,
  KILLED,
  play,
  recorded,
  sourceOf,
  verdict,
  verdictOf,
} from './play.js';

const VERDICT = /^(?:limited|agent\/[a-z]+(?:-[a-z]+)*)$/;
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 };
/** What failures are made of, in the mouth of a model. */
const PROSE =
  'Permission denied (publickey). rate limit, rate_limit_error, 429 Too Many Requests, 401 ' +
  'Unauthorized, 529 overloaded_error, Invalid API key, Prompt is too long, context window ' +
  'exceeded, usage limit reached, No conversation found with session ID: 1, Session not found, ' +
  'command not found, [API Error: 401], You have exhausted your quota, Connection refused';

describe.each(SUBJECTS)('A run of $cli', (subject) => {
  const { verdicts, end: marker, words, toolWords } = subject.recorded;
  const completed = Object.entries(verdicts).flatMap(([folder, each]) =>
    Object.entries(each).flatMap(([name, expected]) =>
      expected === 'completed' ? [`${folder}/${name}`] : [],
    ),
  );
  const newTurn = sourceOf(subject, 'new-turn');
  const said = recorded(subject, newTurn);

  if (!isNone(marker)) {
    it('is no success before the line that says so, wherever its output breaks off', () => {
      for (const name of completed) {
        const given = recorded(subject, name);
        const lines = given.stdout.split('\n');
        const at = lines.findIndex((line) => marker.test(line));
        expect({ name, ends: at >= 0 }).toEqual({ name, ends: true });
        const cut = (stdout: string): string => verdictOf(subject, name, { stdout, end: EXITED });
        const before = lines.slice(0, at).join('\n');
        const half = (lines[at] ?? '').slice(0, Math.floor((lines[at]?.length ?? 0) / 2));
        expect(cut(before)).not.toBe('completed');
        expect(cut(`${before}\n${half}`)).not.toBe('completed');
        expect(cut(lines.filter((line) => !marker.test(line)).join('\n'))).not.toBe('completed');
        for (let end = 0; end < at; end += Math.ceil(at / 8)) {
          expect(cut(lines.slice(0, end).join('\n'))).not.toBe('completed');
        }
      }
    });

    it('is judged, whichever of its lines is broken in two', () => {
      const odd: object[] = [];
      for (const [folder, each] of Object.entries(verdicts)) {
        for (const name of Object.keys(each)) {
          const given = recorded(subject, `${folder}/${name}`);
          const lines = given.stdout.split('\n');
          const few = Math.ceil(lines.length / 8);
          for (const [index, line] of lines.entries()) {
            if (index % few > 0 && !marker.test(line)) continue;
            const middle = Math.floor(line.length / 2);
            const halves = `${line.slice(0, middle)}\n${line.slice(middle)}`;
            const stdout = lines.with(index, halves).join('\n');
            const is = verdictOf(subject, `${folder}/${name}`, { ...given, stdout });
            // Another line may say the same.
            const isSaid = lines.some((other, at) => at !== index && marker.test(other));
            const may = is === 'completed' ? isSaid : VERDICT.test(is);
            if (!may) odd.push({ name, index, is });
          }
        }
      }
      expect(odd).toEqual([]);
    });
  }

  // Once it has answered, one that is spoken with is told to end, and ended when it stays.
  const mayBeKilled = isSpokenWith(subject);
  const title = mayBeKilled
    ? 'is no success when its process was killed, or failed, before its turn was over; nor when it was told to end'
    : 'is no success when its process was killed, or failed, whatever it has printed';
  it(title, () => {
    for (const name of completed) {
      const { stdout } = recorded(subject, name);
      const ends = [
        ...Object.entries(SIGNALS).map(([signal, exitCode]) => ({
          ...{ exitCode, signal, stderrTail: '' },
        })),
        { exitCode: 0, signal: 'SIGTERM', stderrTail: '' },
        { exitCode: 143, signal: null, stderrTail: '' },
        { exitCode: 1, signal: null, stderrTail: '' },
      ];
      const lines = stdout.split('\n');
      const at = lines.findIndex((line) => marker instanceof RegExp && marker.test(line));
      const printed = mayBeKilled ? lines.slice(0, at).join('\n') : stdout;
      for (const end of ends) {
        const { outcome } = play(subject, name, { stdout: printed, end });
        expect({ name, end, kind: outcome.kind }).toEqual({ name, end, kind: 'failed' });
        if (mayBeKilled) {
          const told = { ...end, wasStopped: true };
          expect(verdictOf(subject, name, { stdout, end })).toBe('completed');
          expect(verdictOf(subject, name, { stdout, end: told })).not.toBe('completed');
        }
        if (end.signal === null) continue;
        expect(outcome).toMatchObject({
          failure: { message: expect.stringContaining(end.signal) },
        });
      }
    }
  });

  it('is never judged by what the model says, in an answer or in a tool', () => {
    expect(said.stdout).toContain(words);
    const talk = (given: Recording, from: string): Recording => ({
      ...given,
      stdout: given.stdout.replaceAll(from, PROSE),
    });
    expect(play(subject, newTurn, talk(said, words)).outcome).toMatchObject({
      kind: 'completed',
      text: expect.stringContaining(PROSE),
    });
    const tools = sourceOf(subject, 'edit');
    const worked = recorded(subject, tools);
    if (toolWords !== null) expect(worked.stdout).toContain(toolWords);
    for (const end of [EXITED, KILLED, { ...EXITED, exitCode: 1 }]) {
      for (const part of [1, 0.9, 0.5]) {
        const upTo = ({ stdout }: Recording): Recording => {
          const lines = stdout.split('\n');
          return { stdout: lines.slice(0, Math.ceil(lines.length * part)).join('\n'), end };
        };
        expect(verdictOf(subject, newTurn, talk(upTo(said), words))).toBe(
          verdictOf(subject, newTurn, upTo(said)),
        );
        if (toolWords === null) continue;
        expect(verdictOf(subject, tools, talk(upTo(worked), toolWords))).toBe(
          verdictOf(subject, tools, upTo(worked)),
        );
      }
    }
  });

  it.each([
    ['agent/command-not-found', 127, `${subject.adapter.program}: command not found`, true],
    ['agent/binary-not-found', 127, '/opt/ai/agent: command not found', true],
    ['agent/crashed', 127, '/opt/ai/agent: line 3: jq: command not found'],
    ['agent/crashed', 126, 'permission denied by policy'],
    ['agent/interpreter-missing', 127, '/bin/sh: 9: exec: /opt/ai tools/agent: not found'],
    ['agent/interpreter-missing', 127, '/usr/bin/env: ‘node’: No such file or directory'],
    ['agent/interpreter-missing', 127, "env: 'node': No such file or directory"],
    ['agent/interpreter-missing', 126, 'sh: /opt/agent: /opt/node: bad interpreter: No such file'],
    ['agent/interpreter-missing', 126, 'sh: 1: exec: /opt/agent: Exec format error'],
    ['agent/permission-denied', 126, 'sh: 1: exec: /opt/agent: Permission denied'],
  ])('that has done nothing is %s, for exit code %i and %j', (...given) => {
    const [code, exitCode, stderr, isMissing = false] = given;
    const end = { exitCode, signal: null, stderrTail: `${stderr}\n`, isMissing };
    const { outcome } = play(subject, newTurn, { stdout: '', end });
    expect(verdict(outcome)).toBe(code);
  });
});
