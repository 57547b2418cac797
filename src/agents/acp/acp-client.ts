import { type Fact, type ParserState, type TurnRequest } from '../adapter.js';
import { answered } from './conversation.js';
import { readMemory } from './memory.js';
import { type Incoming, readMessages } from './messages.js';
import { answerPermission } from './permissions.js';
import { ASK_PERMISSION, NO_SUCH_METHOD, UPDATE } from './protocol.js';
import { updated } from './session-updates.js';
import { remember, send, type Step, tell } from './step.js';

/**
 * The client of the protocol, as a reducer: each line of the agent changes what is stored of the turn, and what the
 * agent is told next is part of that. So whoever takes the turn over goes on with the same conversation.
 */
export const parseLine = (
  state: ParserState,
  line: string,
  turn: TurnRequest,
): { state: ParserState; facts: Fact[] } => {
  const messages = readMessages(line);
  if (messages.length === 0) return { state, facts: [] };
  let step: Step = { state, memory: readMemory(state), facts: [], outgoing: '' };
  for (const message of messages) step = take(step, message, line, turn);
  const { memory, facts, outgoing } = step;
  const { outbox = { sent: 0, unsent: '' } } = state;
  const isOver = memory.end !== null;
  const next = { ...outbox, unsent: outbox.unsent + outgoing, closed: isOver };
  return { state: { ...step.state, memory, outbox: next, isOver }, facts };
};

const take = (step: Step, message: Incoming, line: string, turn: TurnRequest): Step => {
  // It reads the end of its input now, and what it still says changes nothing.
  const isOver = step.memory.end !== null;
  switch (message.kind) {
    case 'response':
      return isOver ? step : takeResponse(step, message, line, turn);
    case 'request':
      if (isOver) return step;
      return message.method === ASK_PERMISSION
        ? answerPermission(step, message, turn)
        : send(unknown(step, message.method, line), {
            id: message.id,
            error: { code: NO_SUCH_METHOD, message: `Method not found: ${message.method}` },
          });
    case 'notification': {
      const known = message.method === UPDATE ? updated(step, message.params) : null;
      return known ?? unknown(step, nameOf(message), line);
    }
  }
};

const takeResponse = (
  step: Step,
  response: Extract<Incoming, { kind: 'response' }>,
  line: string,
  turn: TurnRequest,
): Step => {
  const { awaiting } = step.memory;
  if (awaiting === null || String(response.id) !== String(awaiting.id)) {
    return unknown(step, 'response', line);
  }
  return answered(remember(step, { awaiting: null }), awaiting.asked, response, turn);
};

const RAW_LENGTH = 2_000;

/** Kept for people to see. */
const unknown = (step: Step, name: string, line: string): Step =>
  tell(step, [{ type: 'unknown', name: name.slice(0, 200), raw: line.slice(0, RAW_LENGTH) }]);

/** By what the update is, where it is one. */
const nameOf = ({ method, params }: Extract<Incoming, { kind: 'notification' }>): string => {
  const { update } = (params ?? {}) as { update?: { sessionUpdate?: unknown } | null };
  return typeof update?.sessionUpdate === 'string' ? update.sessionUpdate : method;
};
