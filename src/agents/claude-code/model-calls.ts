import { type Fact, type Tokens } from '../adapter.js';
import { type Memory } from './memory.js';
import { type FinalUsage, type StreamUsage } from './stream-events.js';

type Told = { memory: Memory; facts: Fact[] };

/** Of the session itself, among the sub-agents that are called by the tool that began them. */
const OWN = '';

/** The model begins to answer: what it has read is known, what it writes is not. */
export const callBegins = (memory: Memory, call: NonNullable<Memory['call']>): Told => ({
  memory: { ...memory, call },
  facts: [],
});

/** An answer has been streamed: only now its counts are those of the whole. */
export const callEnds = (memory: Memory, final: FinalUsage | null): Told => {
  const { call } = memory;
  if (!call?.usage || !final) return { memory, facts: [] };
  return tell({ ...memory, call: null }, OWN, { ...call, usage: counted(call.usage, final) });
};

const counted = (begun: StreamUsage, final: FinalUsage): StreamUsage => ({
  input_tokens: final.input_tokens ?? begun.input_tokens,
  output_tokens: final.output_tokens ?? begun.output_tokens,
  cache_read_input_tokens: final.cache_read_input_tokens ?? begun.cache_read_input_tokens,
  cache_creation_input_tokens:
    final.cache_creation_input_tokens ?? begun.cache_creation_input_tokens,
  output_tokens_details: final.output_tokens_details ?? begun.output_tokens_details,
});

/**
 * A message that comes whole. One that is being streamed is told when it is over. Of those of a sub-agent nothing is
 * streamed: what they have read is known, of what they wrote only what had been counted when they began.
 */
export const messageCame = (
  memory: Memory,
  message: NonNullable<Memory['call']>,
  subagent: string | null,
): Told =>
  subagent === null && message.id !== null && message.id === memory.call?.id
    ? { memory, facts: [] }
    : tell(memory, subagent ?? OWN, message);

/** The last message of a sub-agent is not in the stream, but what it used is told with its result. */
export const subagentEnds = (
  memory: Memory,
  { model, usage }: { model: string | null; usage: StreamUsage },
): Told => tell(memory, OWN, { id: null, model, usage });

const tell = (
  memory: Memory,
  speaker: string,
  { id, model, usage }: NonNullable<Memory['call']>,
): Told => {
  if (!usage || isEmpty(usage) || (id !== null && memory.told[speaker] === id)) {
    return { memory, facts: [] };
  }
  const told = id === null ? memory.told : { ...memory.told, [speaker]: id };
  return {
    memory: { ...memory, told },
    facts: [{ type: 'model-call', model, tokens: tokensOf(usage) }],
  };
};

/** As of the messages that no model has written. */
const isEmpty = (usage: StreamUsage): boolean =>
  usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens === 0;

const tokensOf = (usage: StreamUsage): Tokens => ({
  inputTokens: usage.input_tokens,
  outputTokens: usage.output_tokens,
  cacheReadTokens: usage.cache_read_input_tokens,
  cacheWriteTokens: usage.cache_creation_input_tokens,
  reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? null,
});
