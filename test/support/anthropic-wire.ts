import { z } from 'zod';
import {
  type Block,
  type FailureName,
  type ModelRequest,
  type Reply,
  type ToolCall,
  type Wire,
} from './model-api.js';
import { inPieces, nextId } from './streamed-pieces.js';

const block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  content: z.unknown().optional(),
});
const modelRequest = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  output_config: z.looseObject({ effort: z.string().nullish() }).nullish(),
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([
        z.string().transform((text): Block[] => [{ type: 'text', text }]),
        z.array(block),
      ]),
    }),
  ),
  tools: z.array(z.looseObject({ name: z.string() }).transform(({ name }) => name)).default([]),
});

type Content = { type: 'text'; text: string } | ({ type: 'tool_use'; id: string } & ToolCall);
interface Message {
  id: string;
  content: [Content];
  stop_reason: string;
  usage: Record<string, number>;
}

const composed = (asked: ModelRequest, { does, usage = [] }: Reply): Message => {
  const [input = 1200, output = 34, read = 1000, written = 100] = usage;
  const base = { id: nextId('msg'), type: 'message', role: 'assistant', model: asked.model };
  const says = 'say' in does;
  return {
    ...{ ...base, stop_sequence: null, stop_reason: says ? 'end_turn' : 'tool_use' },
    content: says
      ? [{ type: 'text', text: does.say }]
      : [{ type: 'tool_use', id: nextId('toolu'), ...does }],
    usage: {
      ...{ input_tokens: input, output_tokens: output },
      ...{ cache_read_input_tokens: read, cache_creation_input_tokens: written },
    },
  };
};

const streamed = async function* (
  asked: ModelRequest,
  reply: Reply,
  gone: AbortSignal,
): AsyncGenerator<{ type: string }> {
  const message = composed(asked, reply);
  const { content, stop_reason, usage } = message;
  const [part] = content;
  const opening = {
    ...{ ...message, content: [], stop_reason: null },
    usage: { ...usage, output_tokens: 1 },
  };
  yield event('message_start', { message: opening });
  const empty = part.type === 'text' ? { ...part, text: '' } : { ...part, input: {} };
  yield event('content_block_start', { index: 0, content_block: empty });
  const whole = part.type === 'text' ? part.text : JSON.stringify(part.input);
  for await (const piece of inPieces(whole, reply, gone)) {
    const delta =
      part.type === 'text'
        ? { type: 'text_delta', text: piece }
        : { type: 'input_json_delta', partial_json: piece };
    yield event('content_block_delta', { index: 0, delta });
  }
  yield event('content_block_stop', { index: 0 });
  yield event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage });
  yield event('message_stop', {});
};

const event = (type: string, fields: object): { type: string } => ({ type, ...fields });

const FAILED: Record<FailureName, [number, string, string]> = {
  401: [401, 'authentication_error', 'invalid x-api-key'],
  403: [403, 'permission_error', 'Your API key may not use this resource.'],
  429: [429, 'rate_limit_error', 'This request would exceed your rate limit.'],
  500: [500, 'api_error', 'Internal server error'],
  529: [529, 'overloaded_error', 'Overloaded'],
  ctx: [400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'],
};

const errorBody = (type: string, message: string): object => ({
  type: 'error',
  error: { type, message },
});

/** Anthropic's Messages API. */
export const anthropicWire: Wire = {
  path: /^\/v1\/messages$/,
  parse: (body) => {
    const { output_config, ...asked } = modelRequest.parse(body);
    return { ...asked, effort: output_config?.effort ?? null };
  },
  refusal: (failure) => {
    const [status, type, message] = FAILED[failure];
    // The CLI asks again at once instead of after its own pauses.
    return { status, body: errorBody(type, message), headers: { 'retry-after': '0' } };
  },
  limited: (until) => {
    const [status, type, message] = FAILED[429];
    const headers = {
      'anthropic-ratelimit-unified-status': 'rejected',
      'anthropic-ratelimit-unified-reset': String(until),
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
    };
    return { status, body: errorBody(type, message), headers };
  },
  notHere: () => errorBody('not_found_error', 'Not here'),
  whole: composed,
  stream: streamed,
};
