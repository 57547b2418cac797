import {
  type Fact,
  type Outcome,
  type ParserState,
  type ProcessEnd,
} from '../../../../src/agents/adapter.js';
import { LineSplitter } from '../../../../src/modules/sessions/drive/line-splitter.js';
import {
  type ContractCase,
  isNone,
  type Recording,
  type Subject,
} from '../../../agents/contract/subject.js';
import { playSession } from '../../../support/acp-sessions.js';
import { turn } from '../../../support/run-agent.js';
import { playBack, type Playback, recording } from '../recordings.js';

/** A recording of a subject, by its name `<folder>/<case>`. */
export const recorded = ({ adapter, recorded: its }: Subject, name: string): Recording => {
  if (adapter.agent === 'acp') return playSession(name, its.request?.(name));
  const [folder = '', ...rest] = name.split('/');
  return recording(folder, rest.join('/'));
};

/** The recording of a case; an empty name, which there is no recording of, where none was made. */
export const sourceOf = ({ recorded: { cases } }: Subject, name: ContractCase): string => {
  const source = cases[name];
  return isNone(source) ? '' : source;
};

/** Whether its agent reads what the adapter answers to what it has said. */
export const isSpokenWith = ({ adapter }: Subject): boolean =>
  adapter.launch(turn('x', { command: 'agent', directory: '/tmp/turn' })).interactive === true;

/** Plays an output through the adapter, line by line, its state stored and restored between any two. */
export const play = (
  { adapter, recorded: its }: Subject,
  name: string,
  { stdout, end }: Recording,
): Playback => playBack(adapter, stdout, end, turn('x', its.request?.(name)));

/** The same, in chunks of bytes as a host hands them over. */
export const playChunks = (
  { adapter, recorded: its }: Subject,
  name: string,
  chunks: Iterable<Buffer>,
  end: ProcessEnd,
): Playback => {
  const request = turn('x', its.request?.(name));
  const lines = new LineSplitter(0, tooLong);
  const facts: Fact[] = [];
  let state = adapter.initialState(request);
  const take = (line: string): void => {
    const step = adapter.parse(restored(state), line, request);
    state = step.state;
    facts.push(...step.facts);
  };
  for (const chunk of chunks) lines.push(chunk).forEach(take);
  lines.rest().forEach(take);
  const hasWorked = facts.some(({ type }) => type === 'tool');
  const outcome = adapter.conclude(state, { hasWorked, ...end }, request);
  return { state, facts, outcome, shown: shownBy(facts) };
};

const tooLong = (): never => {
  throw new Error('A line of the output is too long to be read');
};

const restored = (state: ParserState): ParserState =>
  JSON.parse(JSON.stringify(state)) as ParserState;

export const shownBy = (facts: readonly Fact[]): string =>
  facts.map((fact) => (fact.type === 'text' ? fact.text : '')).join('');

/** `completed`, `limited`, or the code of the failure. */
export const verdict = (outcome: Outcome): string =>
  outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;

export const verdictOf = (subject: Subject, name: string, given: Recording): string =>
  verdict(play(subject, name, given).outcome);

export const EXITED: ProcessEnd = { exitCode: 0, signal: null, stderrTail: '' };
export const KILLED: ProcessEnd = { exitCode: 137, signal: 'SIGKILL', stderrTail: '' };

/** What is the same however the output came: all but its bytes, and what is counted from the time of reading. */
export const essence = ({ state, facts, outcome, shown }: Playback): object => ({
  ...{ state, shown, verdict: verdict(outcome) },
  facts: facts.map((fact) => (fact.type === 'unknown' ? { unknown: fact.name } : fact)),
  text: outcome.kind === 'completed' ? outcome.text : null,
});
