import { type Outcome, type ParserState, type ProcessEnd } from '../adapter.js';
import { endingSignal, processFailure } from '../failures/process-failure.js';
import { type CustomOutput } from './custom-agent.js';
import { readMemory } from './memory.js';

const REASON_LENGTH = 500;

/**
 * The verdict over a command line that a session defines: by how its process ended, the error that it declares, and
 * whether the declared answer is there. Without an end that it says itself, the exit code is all there is.
 */
export const concludeCommand = (
  agent: { label: string; program: string },
  output: CustomOutput,
  state: ParserState,
  end: ProcessEnd,
): Outcome => {
  const { error } = readMemory(state);
  const failure = processFailure(agent, end);
  // Whoever was killed has not said why.
  const isKilled = failure !== null && endingSignal(end) !== null;
  if (error !== null && !isKilled) {
    return {
      kind: 'failed',
      failure: {
        code: 'agent/crashed',
        message: `${agent.label}: ${error.trim().slice(0, REASON_LENGTH)}`,
        hint: 'The command said so itself. Run it by hand on that host to see more.',
        recoverable: true,
      },
    };
  }
  if (failure !== null) {
    const said = end.stderrTail.trim() === '' && !isKilled ? (state.text ?? '').trim() : '';
    if (said === '' || failure.code !== 'agent/crashed') return { kind: 'failed', failure };
    // Many a command tells what went wrong where its answer would be.
    const message = `${agent.label} exited with code ${end.exitCode}: ${said.slice(-REASON_LENGTH)}`;
    return { kind: 'failed', failure: { ...failure, message } };
  }
  // Told to end, many a command ends well, with as much of its answer as there is.
  if (end.wasStopped === true) {
    return {
      kind: 'failed',
      failure: {
        code: 'agent/crashed',
        message: `${agent.label} was told to end before it had finished`,
        hint: 'Look at what it has done there, then send the prompt again to go on.',
        recoverable: true,
      },
    };
  }
  if (output.format === 'text') return { kind: 'completed', text: state.text ?? '' };
  if (state.text !== null) return { kind: 'completed', text: state.text };
  return {
    kind: 'failed',
    failure: {
      code: 'agent/protocol',
      message: `${agent.label} ended well, but nothing of its output is a text at ${output.text || 'the whole document'}`,
      hint: 'Compare what the command prints with `custom.output` of the session: the pointer, and whether it is `json` or `ndjson`.',
      recoverable: false,
    },
  };
};
