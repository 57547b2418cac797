import { conversationSection, requestSection } from '../../../agents/index.js';
import { type Exchange } from '../storage/turns.repository.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { CONVERSATION_LOST } from './turn-retries.js';

/** With which conversation of its agent's provider an attempt goes on, and how much of its turn is known there. */
export interface TurnConversation {
  /** Null begins a new one. */
  resumes: string | null;
  /** The one that the provider has lost, in whose place a new one is begun. */
  lost: string | null;
  /**
   * `all`: it has not been asked yet, or nothing has come of it; `rest`: its conversation knows what was asked and what
   * is done; `again`: something may be done, of which its conversation knows nothing.
   */
  asks: 'all' | 'rest' | 'again';
}

/**
 * An attempt goes on where the one before it ended, also in a turn that was to begin a conversation: what its agent has
 * read and done is known there, and a third one would do it again.
 *
 * @param ofSession the conversation that the session has; null when its agent cannot resume any.
 */
export const conversationOf = (
  { earlier, fresh }: Pick<TurnRow, 'earlier' | 'fresh'>,
  canResume: boolean,
  ofSession: string | null,
): TurnConversation => {
  const lostAt = earlier.findLastIndex(({ code }) => code === CONVERSATION_LOST);
  const own = earlier.slice(lostAt + 1).findLast((each) => each.providerSessionId !== null);
  const begun = lostAt < 0 && !fresh ? ofSession : null;
  const resumes = canResume ? (own?.providerSessionId ?? begun) : null;
  const worked = earlier.filter((each) => each.worked);
  const isKnown = worked.some(({ providerSessionId }) => providerSessionId === resumes);
  return {
    resumes,
    lost: resumes === null ? (earlier[lostAt]?.providerSessionId ?? null) : null,
    asks: worked.length === 0 ? 'all' : resumes !== null && isKnown ? 'rest' : 'again',
  };
};

/** Of a transcript that is told anew; what a model can read of it beside the request. */
export const TRANSCRIPT_CHARACTERS = 100_000;
/** Of one prompt or one answer in it. */
export const TEXT_CHARACTERS = 20_000;

/** @param transcript what the conversation that was lost held, newest first; empty when it goes on. */
export const promptOf = (
  prompt: string,
  asks: TurnConversation['asks'],
  transcript: readonly Exchange[],
): string => {
  if (asks === 'rest') return GO_ON;
  const before = [
    ...(transcript.length === 0 ? [] : [told(transcript)]),
    ...(asks === 'again' ? [LOOK_FIRST] : []),
  ];
  return before.length === 0 ? prompt : [...before, requestSection(prompt)].join('\n\n');
};

const GO_ON =
  'You were interrupted, not by me, before you had finished what I asked last. Go on where you were: do not repeat what is done, and end with the whole answer.';
const LOOK_FIRST =
  'An earlier attempt at the request below was interrupted after it had begun to work. Look first at what is already done, and do only the rest.';

const told = (newestFirst: readonly Exchange[]): string => {
  const exchanges: { prompt: string; answer: string }[] = [];
  let room = TRANSCRIPT_CHARACTERS;
  for (const { prompt, promptIsCut, answer, answerIsCut } of newestFirst) {
    room -= prompt.length + answer.length;
    if (room < 0) break;
    exchanges.unshift({
      prompt: prompt + (promptIsCut ? LEFT_OUT : ''),
      answer: answer + (answerIsCut ? LEFT_OUT : ''),
    });
  }
  return conversationSection(exchanges);
};

const LEFT_OUT = '\n[... the rest is left out here]';
