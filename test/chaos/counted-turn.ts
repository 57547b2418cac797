import { type SeenEvent } from '../e2e/counting-agents.js';
import { type SeenTurn } from '../support/api.js';
import { type Random } from './random.js';

/** One turn under chaos: what its agent says, how it exits, and whether a user cancels it in the middle. */
export interface CountedTurn {
  /** Numbers that each carry the checksum of all before. */
  words: string;
  exitCode: 0 | 7;
  cancelAfterMs: number | null;
}

export const planTurn = (random: Random): CountedTurn => {
  let sum = random.between(1, 1_000_000);
  const words = Array.from({ length: random.between(20, 400) }, (_, index) => {
    sum = (sum * 16_807 + index) % 2_147_483_647;
    return `${index + 1}:${sum % 1_000_003}`;
  });
  return {
    words: words.join(' '),
    exitCode: random.chance(0.2) ? 7 : 0,
    cancelAfterMs: random.chance(0.2) ? random.between(0, 4_000) : null,
  };
};

export const promptOf = ({ words, exitCode }: CountedTurn): string =>
  `%% say ${words}${exitCode === 0 ? '' : `\n%% crash ${exitCode}`}`;

/**
 * What is wrong with a turn that has ended, or null: its state, exit code, text, the output in its events, and what its
 * agent wrote of itself.
 */
export const faultOf = (
  { words, exitCode, cancelAfterMs }: CountedTurn,
  turn: SeenTurn,
  events: readonly SeenEvent[],
  journal: readonly string[],
): string | null => {
  const own = events.filter(({ data }) => data.turnId === turn.id);
  const output = own
    .filter(({ type }) => type === 'turn.output')
    .map(({ data }) => data.text ?? '')
    .join('');
  const ends = own.filter(({ type }) => /^turn\.(completed|failed|cancelled|lost)$/.test(type));
  const starts = own.filter(({ type }) => type === 'turn.started');
  const steps = own.map(({ seq, type, at }) => `${seq} ${at} ${type}`).join('; ');
  if (ends.length !== 1) return `it ended ${ends.length} times: ${steps}`;
  if (starts.length > 1) return `it was started ${starts.length} times: ${steps}`;
  if (turn.attempts > 1) return `${turn.attempts} attempts`;
  if (turn.state === 'cancelled') {
    if (cancelAfterMs === null) return 'cancelled by nobody';
    if (!words.startsWith(output)) return `another output: ${output}`;
    // An agent that is killed has no time to write of its end.
    return /^(start(,end)?)?$/.test(journal.join()) ? null : `its journal: ${journal.join()}`;
  }
  if (output !== words) return `another output: ${output}`;
  if (turn.text !== words) return `another text: ${turn.text ?? 'none'}`;
  if (turn.exitCode !== exitCode) return `another exit code: ${turn.exitCode ?? 'none'}`;
  if (turn.state !== (exitCode === 0 ? 'completed' : 'failed')) return 'another state';
  const wanted = exitCode === 0 ? 'start,end' : 'start';
  return journal.join() === wanted ? null : `its journal: ${journal.join()}`;
};
