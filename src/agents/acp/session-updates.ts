import { type Fact } from '../adapter.js';
import { isNotice, isRemark, saysThatItGaveUp } from './notices.js';
import { ASK, IMMATERIAL, notification, toolCall, type Update, update } from './protocol.js';
import { remember, type Step, tell } from './step.js';
import { tellTool } from './tool-facts.js';
import { added, tokensOf } from './turn-usage.js';

const NOTICE_LENGTH = 4_000;

/** What the agent tells of its work; null when it is of a kind that we do not know. */
export const updated = (step: Step, params: unknown): Step | null => {
  const told = notification.safeParse(params).data;
  if (told === undefined) return null;
  const isKnown = IMMATERIAL.has(told.update.sessionUpdate);
  const known = update.safeParse(told.update).data;
  if (known === undefined) return isKnown ? step : null;
  const { awaiting, end } = step.memory;
  if (awaiting?.asked === ASK.load || awaiting?.asked === ASK.catchUp) return replayed(step, known);
  const isAsked = end === null && (awaiting?.asked ?? ASK.prompt) === ASK.prompt;
  // Agents may have conversations of their own beside ours.
  const isOurs = !told.sessionId || told.sessionId === step.state.providerSessionId;
  return isAsked && isOurs ? fold(step, known) : step;
};

/** A conversation is told again while it is loaded: nothing of that is of this turn. */
const replayed = (step: Step, { sessionUpdate }: Update): Step =>
  sessionUpdate === 'user_message_chunk' || sessionUpdate === 'agent_message_chunk'
    ? remember(step, { replayed: true })
    : step;

const fold = (step: Step, told: Update): Step => {
  switch (told.sessionUpdate) {
    case 'agent_message_chunk':
      return spoken(calledModel(step, told), told);
    case 'agent_thought_chunk': {
      const { text } = told.content;
      return text ? tell(step, [{ type: 'reasoning', text }]) : step;
    }
    case 'user_message_chunk':
      return step;
    case 'tool_call':
    case 'tool_call_update': {
      const { memory, facts } = tellTool(step.memory, toolCall.parse(told));
      // The end of what it was refused is nothing that it has done.
      const gaveUp = memory.gaveUp && !facts.some((fact) => 'phase' in fact);
      return tell(remember({ ...step, memory }, { gaveUp, notice: null }), facts);
    }
    case 'usage_update': {
      const { used = null, size = null, cost } = told;
      const amount = cost?.currency === 'USD' ? (cost.amount ?? null) : null;
      const context = { used, size, cost: amount ?? step.memory.context.cost };
      return remember(step, { context });
    }
    case 'session_info_update': {
      const status = told._meta?.codex.threadStatus.type;
      return status === undefined ? step : remember(step, { isFaulty: status === 'systemError' });
    }
  }
};

type Chunk = Extract<Update, { sessionUpdate: 'agent_message_chunk' }>;

/**
 * A piece of a message; the last message is the answer. Where messages have ids, what has none is a notice of the
 * agent itself: shown, and not the answer.
 */
const spoken = (step: Step, { content: { text }, messageId: id = null }: Chunk): Step => {
  if (!text) return step;
  const { state, memory } = step;
  const isAside = (id === null && memory.messageId !== null) || isRemark(memory.name, text, id);
  const isNew = id === null ? memory.interrupted : id !== memory.messageId;
  const breaks = isAside || isNew || !memory.speaking;
  const shown: Fact = { type: 'text', text: (breaks && memory.spoke ? '\n\n' : '') + text };
  const gaveUp = saysThatItGaveUp(memory.name, text);
  const notice = isNotice(memory.name, text, id) ? text.slice(0, NOTICE_LENGTH) : null;
  const next = tell(remember(step, { spoke: true, speaking: !isAside, gaveUp, notice }), [shown]);
  if (isAside) return remember(next, { interrupted: true });
  const said = isNew ? text : (state.text ?? '') + text;
  return remember(
    { ...next, state: { ...state, text: said } },
    { messageId: id ?? memory.messageId, interrupted: false },
  );
};

/** Some agents tell with an empty piece that a call of the model is over, and what it has used. */
const calledModel = (step: Step, { _meta }: Chunk): Step => {
  const tokens = _meta?.usage ? tokensOf(_meta.usage) : null;
  if (tokens === null) return step;
  const { state } = step;
  return tell({ ...step, state: { ...state, usage: added(state.usage, tokens) } }, [
    { type: 'model-call', model: state.model, tokens },
  ]);
};
