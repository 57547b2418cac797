import {
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnFailure,
  type TurnRequest,
} from '../adapter.js';
import { OVERLOADED, TOO_LONG_ANSWER } from './remedies.js';
import { toldFailure } from './told-failures.js';

/**
 * The end of a turn of which its CLI says that it went well: what an answer is, for all agents alike. One that was cut off
 * by the limit of its model is none, and never a provider's limit that one waits for. Neither are no words at all behind
 * which nothing was done: asked once more, a model usually answers. A command of the CLI's own may have nothing to say.
 *
 * @param isCut the CLI has told that its last answer is not all of it
 */
export const answered = (
  label: string,
  { text }: Pick<ParserState, 'text'>,
  { hasWorked = false }: ProcessEnd,
  { prompt }: Pick<TurnRequest, 'prompt'>,
  isCut = false,
): Outcome => {
  if (isCut) return { kind: 'failed', failure: cutOff(label) };
  const answer = text ?? '';
  return hasWorked || answer.trim() !== '' || OWN_COMMAND.test(prompt)
    ? { kind: 'completed', text: answer }
    : { kind: 'failed', failure: toldFailure(label, OVERLOADED, 'its model has answered nothing') };
};

/** The answer has reached the limit of what its model may say at once. */
export const cutOff = (label: string): TurnFailure =>
  toldFailure(label, TOO_LONG_ANSWER, 'the answer was cut off by its length');

const OWN_COMMAND = /^\/[a-z][\w:-]*(?:\s|$)/i;
