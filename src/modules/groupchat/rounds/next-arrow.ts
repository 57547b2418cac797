import { type QuestionRow } from '../storage/question.entity.js';
import { type RoundRow } from '../storage/round.entity.js';
import { type RoundTurnRow } from '../storage/round-turn.entity.js';
import { endOf, type Picture } from './picture.js';

/** One step in the life of a question: what one transaction does. */
export type Arrow =
  | { kind: 'start-question'; question: QuestionRow }
  | {
      kind: 'route-moderator-answer';
      question: QuestionRow;
      round: RoundRow;
      turn: RoundTurnRow;
    }
  | { kind: 'collect-answers'; turns: RoundTurnRow[] }
  | { kind: 'expire-turns'; round: RoundRow; turns: RoundTurnRow[] }
  | { kind: 'close-round'; question: QuestionRow; round: RoundRow }
  | { kind: 'finish-stop'; question: QuestionRow | null };

/** What is due in a chat; null when there is nothing but to wait. */
export const nextArrow = (picture: Picture, now: Date): Arrow | null => {
  const { chat, question, round, open } = picture;
  const ended = open.filter((turn) => endOf(picture, turn) !== undefined);
  const decision =
    chat.state === 'stopping' ? undefined : ended.find(({ role }) => role === 'moderator');

  const answered = ended.filter((turn) => turn !== decision);
  if (answered.length > 0) return { kind: 'collect-answers', turns: answered };

  if (chat.state === 'stopping') return open.length > 0 ? null : { kind: 'finish-stop', question };
  if (!question || !round) return startOf(picture);
  if (decision) return { kind: 'route-moderator-answer', question, round, turn: decision };
  if (round.phase !== 'participants') return null;

  const awaited = open.filter(({ roundId, state }) => roundId === round.id && state === 'pending');
  const overdue = awaited.filter(({ deadlineAt }) => deadlineAt !== null && deadlineAt <= now);
  if (overdue.length > 0) return { kind: 'expire-turns', round, turns: overdue };
  return awaited.length > 0 ? null : { kind: 'close-round', question, round };
};

const startOf = ({ next }: Picture): Arrow | null =>
  next && { kind: 'start-question', question: next };
