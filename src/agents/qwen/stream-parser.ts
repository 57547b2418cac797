import { type Fact, type ParserState } from '../adapter.js';
import { parseLine as parseClaudeLine } from '../claude-code/stream-parser.js';
import { eventOf } from '../stream/json-lines.js';
import { unknownEvent } from '../stream/parser-state.js';
import { isNotice, looksLikeNotice, noticeAtEnd } from './api-error.js';
import { type Memory, readMemory } from './memory.js';
import { type EventOf, type QwenEvent, qwenEvent, type QwenUsage } from './stream-events.js';

interface Step {
  state: ParserState;
  facts: Fact[];
}

/** Turns each event into what Claude Code would say, whose parser then reads it. */
export const parseLine = (state: ParserState, line: string): Step => {
  const event = eventOf(qwenEvent, line);
  const memory = readMemory(state);
  if (event === null) return pass(state, memory, line);
  try {
    return fold(state, memory, event);
  } catch {
    // It is nested more deeply than can be written again.
    return { state, facts: unknownEvent(line) };
  }
};

const fold = (state: ParserState, memory: Memory, event: QwenEvent): Step => {
  switch (event.type) {
    case 'stream_event':
      return foldPiece(state, memory, event);
    case 'assistant':
      return foldMessage(state, memory, event);
    case 'result':
      return foldResult(state, memory, event);
  }
};

const pass = (state: ParserState, memory: Memory, line: string): Step => {
  const known = { ...state, memory: memory.stream };
  const { state: next, facts } = parseClaudeLine(known, line);
  if (next === known) return { state, facts };
  return { state: { ...next, memory: { ...memory, stream: next.memory } }, facts };
};
const passEvent = (state: ParserState, memory: Memory, event: object): Step =>
  pass(state, memory, JSON.stringify(event));

const foldPiece = (state: ParserState, memory: Memory, event: EventOf<'stream_event'>): Step => {
  if (event.parent_tool_use_id != null) return passEvent(state, memory, event);
  const { type, delta } = event.event;
  if (type === 'message_start') {
    // Its id would be that of the first block, and the message would count as one of which the stream tells the use.
    const anew = { ...memory, suspect: null, spoke: false, apiError: null };
    return passEvent(state, anew, { ...event, event: { type } });
  }
  if (delta?.type !== 'text_delta') return passEvent(state, memory, event);
  const text = (memory.suspect ?? '') + (delta.text ?? '');
  if (memory.suspect === null && looksLikeNotice(text)) {
    return { state: { ...state, memory: { ...memory, suspect: text } }, facts: [] };
  }
  const spoken = { ...event, event: { type, delta: { ...delta, text } } };
  const spoke = memory.spoke || text !== '';
  return passEvent(state, { ...memory, suspect: null, spoke }, spoken);
};

/** A message comes block by block, and only the last one tells what the whole has used. */
const foldMessage = (state: ParserState, memory: Memory, event: EventOf<'assistant'>): Step => {
  const { content, usage } = event.message;
  const isOwn = event.parent_tool_use_id == null;
  const last = content.at(-1);
  const text = last?.type === 'text' ? (last.text ?? '') : null;
  // Of a message that was not streamed, only the count of its tokens tells who has written it.
  const wasStreamed = memory.spoke || memory.suspect !== null;
  const suspect =
    wasStreamed || text === null || usage == null ? memory.suspect : noticeAtEnd(text);
  const ended = isOwn && suspect !== null && text !== null;
  const isAlone = !memory.spoke && text === suspect;
  const apiError = ended && isNotice(suspect, usage, isAlone) ? suspect : null;
  const said = apiError === null ? content : content.map((block) => without(block, apiError));
  const message = { ...event.message, content: said, usage: usage && uncached(usage) };
  const known = isOwn ? { ...memory, suspect: null, apiError } : memory;
  return passEvent(state, known, { ...event, message });
};

const without = <Block extends { text?: string | null | undefined }>(
  block: Block,
  notice: string,
): Block =>
  block.text?.endsWith(notice) ? { ...block, text: block.text.slice(0, -notice.length) } : block;

const foldResult = (state: ParserState, memory: Memory, event: EventOf<'result'>): Step => {
  const { subtype, is_error, result, error, usage } = event;
  const succeeded = is_error !== true && subtype === 'success' && memory.apiError === null;
  const reason = memory.apiError ?? error?.message ?? result ?? `it ended with ${String(subtype)}`;
  const end = succeeded ? { succeeded } : { succeeded, reason };
  return passEvent(
    state,
    { ...memory, end },
    { ...event, usage: usage && uncached(usage), ...(!succeeded && { result: null }) },
  );
};

const uncached = (usage: QwenUsage): QwenUsage => ({
  ...usage,
  input_tokens: Math.max(0, usage.input_tokens - usage.cache_read_input_tokens),
});
