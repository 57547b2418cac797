/**
 * In UTF-16 units: more than any model says in one turn (128 000 tokens are about half of it), and little enough to be
 * written anew with each flush of a turn. A command that prints a log of gigabytes is an agent, too.
 */
export const ANSWER_LENGTH = 1_000_000;

const LEFT_OUT = `\n\n[Cut off after ${ANSWER_LENGTH} characters: all of it is in the events of the turn.]`;

/** What a turn keeps of its answer: its beginning, when it is too long. The same again of what it has kept. */
export const keptAnswer = (text: string): string => {
  if (text.length <= ANSWER_LENGTH) return text;
  // Half a character can be stored nowhere.
  return text.slice(0, ANSWER_LENGTH).replace(/[\uD800-\uDBFF]$/, '') + LEFT_OUT;
};
