/**
 * The marked sections of every prompt the engines write. Real models read them as headings; the demo agent
 * finds its part by them. Continuation lines are indented, so nothing that was quoted can pass for a heading.
 */
export type PromptRole = 'moderator' | 'participant' | 'task' | 'synopsis';

export const ROLE = 'ROLE:';
export const PARTICIPANTS = 'PARTICIPANTS:';
export const QUESTION = 'QUESTION:';
export const DOCUMENT = 'DOCUMENT:';
export const CONVERSATION = 'CONVERSATION SO FAR:';
export const REQUEST = 'REQUEST:';

export const roleSection = (role: PromptRole): string => `${ROLE} ${role}`;

export const participantsSection = (
  participants: readonly { handle: string; agent: string; host: string }[],
): string =>
  [
    PARTICIPANTS,
    ...participants.map(({ handle, agent, host }) => `- @${handle} (${agent}, ${host})`),
  ].join('\n');

export const questionSection = (question: string): string => `${QUESTION}\n${indented(question)}`;

export const answersSection = (
  round: number,
  answers: readonly { handle: string; text: string }[],
): string =>
  [
    `ROUND ${round} ANSWERS:`,
    ...answers.map(({ handle, text }) => `@${handle}: ${indented(text).trimStart()}`),
  ].join('\n');

/** `path` is absolute, or relative to the working directory of the turn. */
export const documentSection = (path: string): string => `${DOCUMENT} ${path}`;

/** A conversation that cannot be opened any more, told anew, oldest first. */
export const conversationSection = (
  exchanges: readonly { prompt: string; answer: string }[],
): string =>
  [
    CONVERSATION,
    'It was held in a session that cannot be opened any more. It is told here so that you know of it, oldest first, and needs no answer.',
    ...exchanges.flatMap(({ prompt, answer }) => [
      `USER:\n${indented(prompt)}`,
      `YOU:\n${indented(answer)}`,
    ]),
  ].join('\n');

/** What is asked, word for word and last: its own sections stay what they are. */
export const requestSection = (prompt: string): string => `${REQUEST}\n${prompt}`;

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');
