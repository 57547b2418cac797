import { type Outcome, type ParserState, type TurnRequest } from '../../../agents/index.js';
import { type RunVerdict } from '../../../hosts/index.js';
import { toFailure } from '../../../platform/errors/index.js';
import { type StopReason, type TurnRow } from '../storage/turn.entity.js';
import { type TurnError, type TurnWait } from '../turn.js';
import { type TurnAdapter } from './unfailing-adapter.js';

/** How a turn ended, ready to be written. */
export type TurnEnding = Pick<
  TurnRow,
  'state' | 'text' | 'exitCode' | 'signal' | 'error' | 'resumesAt'
> &
  Partial<
    Pick<TurnRow, 'attempts' | 'earlier' | 'retryAt' | 'spentMs' | 'waiting' | 'workingTree'>
  >;

const NOTHING_RAN = { text: null, exitCode: null, signal: null, resumesAt: null };

/** The host has proved that it did not run: the next claim is a new attempt. */
export const BACK_TO_THE_QUEUE: TurnEnding = { ...NOTHING_RAN, state: 'queued', error: null };

/**
 * Its host cannot be used, and nothing was sent there: it waits as if it had never been tried, or ends when it was told
 * to meanwhile.
 *
 * @param reason null leaves the one that was told before.
 */
export const postponed = (
  current: Pick<TurnRow, 'attempts' | 'stop' | 'waiting'>,
  reason: unknown,
  retryMs: number,
): TurnEnding => {
  const { attempts, stop, waiting } = current;
  if (stop) return { ...NOTHING_RAN, ...stopped(stop) };
  return {
    ...NOTHING_RAN,
    state: 'queued',
    error: null,
    attempts: attempts - 1,
    retryAt: new Date(Date.now() + retryMs),
    waiting: reason === null ? waiting : waitFor(reason, waiting),
  };
};

/** The same reason goes on since when it was first seen. */
export const waitFor = (reason: unknown, last: TurnWait | null): TurnWait => {
  const failure = toFailure(reason);
  const since = last?.code === failure.code ? last.since : new Date().toISOString();
  return { ...failure, since };
};

/** Its host does not take it, or what it needs to go on. */
export const refused = (
  error: unknown,
  { stop, parser }: Pick<TurnRow, 'stop' | 'parser'>,
): TurnEnding => ({
  ...NOTHING_RAN,
  text: parser?.text ?? null,
  ...(stop
    ? stopped(stop)
    : { state: 'failed', error: { ...toFailure(error), recoverable: false } }),
});

/** Judges a run that is over: the host's verdict, then the agent's own end, then what the turn was told. */
export const endingOf = (
  verdict: RunVerdict,
  row: Pick<TurnRow, 'stop' | 'stderrTail' | 'parser'>,
  { adapter, request, host, cwd }: EndedPlan,
): TurnEnding => {
  const { stop } = row;
  const hostName = host.name;
  const state = row.parser ?? adapter.initialState(request);
  switch (verdict.kind) {
    case 'exited': {
      const { exitCode, signal, why } = verdict;
      const facts = { exitCode, signal, text: state.text, resumesAt: null };
      if (why === 'cwd') return { ...facts, state: 'failed', error: cwdMissing(cwd, hostName) };
      const { stderrTail } = row;
      const hasWorked = row.parser?.worked ?? false;
      const told = { hasWorked, isMissing: why === 'notfound', wasStopped: stop !== null };
      const end = { exitCode, signal, stderrTail, hostName, ...told };
      const outcome = adapter.conclude(state, end, request);
      if (outcome.kind === 'completed') {
        // One that stays when its turn is over was ended then: how says nothing of the turn.
        const ended = signal === null ? facts : { ...facts, exitCode: null, signal: null };
        return { ...ended, state: 'completed', text: outcome.text, error: null };
      }
      if (stop) return { ...facts, ...stopped(stop) };
      return { ...facts, ...failed(outcome, hostName) };
    }
    case 'lost':
      if (stop) return { ...nothing(state), ...stopped(stop) };
      return { ...nothing(state), state: 'lost', error: lost(verdict.cause, hostName) };
    case 'wrong-host':
      return { ...nothing(state), state: 'lost', error: wrongHost(verdict.hostname, hostName) };
    case 'never-started':
      if (stop) return { ...nothing(state), ...stopped(stop) };
      return { ...nothing(state), state: 'lost', error: lost('killed', hostName) };
  }
};

/** What of a turn's plan is needed to judge its end. */
interface EndedPlan {
  adapter: TurnAdapter;
  request: TurnRequest;
  cwd: string;
  host: { name: string };
}

const nothing = (state: ParserState): Omit<TurnEnding, 'state' | 'error'> => ({
  text: state.text,
  exitCode: null,
  signal: null,
  resumesAt: null,
});

const stopped = ({ reason, tool }: StopReason): Pick<TurnEnding, 'state' | 'error'> => {
  if (reason === 'cancelled') return { state: 'cancelled', error: null };
  return { state: 'failed', error: reason === 'silent' ? silent(tool) : TIMED_OUT };
};

const silent = (tool: string | undefined): TurnError => ({
  code: 'agent/silent',
  message:
    tool === undefined
      ? 'The agent gave no sign of life within the silence limit and was stopped'
      : `The agent gave no sign of life, and its tool ${tool} ran for longer than a tool may be silent: it was stopped`,
  hint:
    tool === undefined
      ? 'Raise limits.silenceMs of the session if its work is silent for that long.'
      : 'Raise limits.toolMs of the session if its tools run for that long without a word.',
  recoverable: true,
});

const TIMED_OUT: TurnError = {
  code: 'agent/timeout',
  message: 'The turn reached its absolute limit and was stopped',
  hint: 'Raise limits.absoluteMs of the session, or ask for less in one turn.',
  recoverable: true,
};

const failed = (
  outcome: Exclude<Outcome, { kind: 'completed' }>,
  hostName: string,
): Pick<TurnEnding, 'state' | 'error' | 'resumesAt'> =>
  outcome.kind === 'failed'
    ? { state: 'failed', error: whereToSignIn(outcome.failure, hostName), resumesAt: null }
    : {
        state: 'limited',
        error: outcome.failure,
        resumesAt: timeOf(outcome.resumesAt),
      };

const timeOf = (instant: string | null): Date | null => {
  const ms = Date.parse(instant ?? '');
  return Number.isNaN(ms) ? null : new Date(ms);
};

/** An account belongs to one machine, and an agent does not know what that is called here. */
const whereToSignIn = (failure: TurnError, hostName: string): TurnError =>
  failure.code === 'agent/auth-failed'
    ? { ...failure, hint: `On ${hostName}: ${failure.hint ?? 'Sign in there again.'}` }
    : failure;

const cwdMissing = (cwd: string, hostName: string): TurnError => ({
  code: 'host/cwd-missing',
  message: `The working directory ${cwd} cannot be entered on ${hostName}`,
  hint: 'Create it there, or change the working directory of the session.',
  recoverable: false,
});

const lost = (cause: 'rebooted' | 'killed' | 'orphaned', hostName: string): TurnError => ({
  code: cause === 'rebooted' ? 'host/rebooted' : 'agent/crashed',
  message:
    cause === 'rebooted'
      ? `${hostName} was restarted while the agent worked`
      : `The agent's supervisor on ${hostName} was killed before it could record an exit`,
  hint: 'What the agent had done until then is in its working directory; ask again to go on.',
  recoverable: true,
});

const wrongHost = (found: string, hostName: string): TurnError => ({
  code: 'host/wrong-host',
  message: `The address of ${hostName} now leads to another machine, ${found}`,
  hint: 'Give each machine behind a shared address a remote of its own.',
  recoverable: false,
});
