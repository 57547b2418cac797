import { existsSync, readdirSync, readFileSync } from 'node:fs';
import {
  type AgentAdapter,
  type Fact,
  type Outcome,
  type ParserState,
  type ProcessEnd,
} from '../../../src/agents/adapter.js';
import { turn } from '../../support/run-agent.js';

const ROOT = new URL('../../fixtures/agents/', import.meta.url);

/** What a real CLI printed and how it ended, or what was said between it and a client, by version and case. */
export const recordedCases = (version: string): string[] =>
  readdirSync(new URL(`${version}/`, ROOT)).flatMap((file) => {
    const [, name] = /^(.*)\.(?:stdout|jsonl)$/.exec(file) ?? [];
    return name === undefined ? [] : [name];
  });

export interface Recording {
  stdout: string;
  end: ProcessEnd;
}

export const recording = (version: string, name: string): Recording => {
  const file = (kind: string): string => {
    const url = new URL(`${version}/${name}.${kind}`, ROOT);
    return existsSync(url) ? readFileSync(url, 'utf8') : '';
  };
  const code = file('rc').trim();
  const signal = /^signal (\w+)$/.exec(code)?.[1] ?? null;
  return {
    stdout: file('stdout'),
    end: {
      exitCode: signal === null ? Number(code) : 137,
      signal,
      stderrTail: file('stderr').slice(-16_384),
    },
  };
};

export interface Playback {
  state: ParserState;
  facts: Fact[];
  outcome: Outcome;
  /** All text a client was shown, in order. */
  shown: string;
}

/** Feeds an output line by line, storing and restoring the state as JSON between any two lines. */
export const playBack = (
  adapter: AgentAdapter,
  stdout: string,
  end: ProcessEnd,
  request = turn('x'),
): Playback => {
  const facts: Fact[] = [];
  let state = adapter.initialState(request);
  for (const line of stdout.replace(/\n$/, '').split('\n')) {
    const step = adapter.parse(JSON.parse(JSON.stringify(state)) as ParserState, line, request);
    state = step.state;
    facts.push(...step.facts);
  }
  const shown = facts.map((fact) => (fact.type === 'text' ? fact.text : '')).join('');
  const hasWorked = facts.some(({ type }) => type === 'tool');
  const outcome = adapter.conclude(state, { hasWorked, ...end }, request);
  return { state, facts, outcome, shown };
};

export const exited = (exitCode: number, stderrTail = ''): ProcessEnd => ({
  exitCode,
  signal: null,
  stderrTail,
});
