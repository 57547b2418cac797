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
import { spokenBy } from './tool-dialects.js';

const part = z
  .looseObject({ type: z.string(), text: z.string().optional() })
  .transform(({ type, text }): Block => ({ type: type === 'image_url' ? 'image' : type, text }));
const message = z.looseObject({
  role: z.string(),
  content: z
    .union([z.array(part), z.string().transform((text): Block[] => [{ type: 'text', text }])])
    .nullish(),
  tool_calls: z.array(z.unknown()).nullish(),
});
const modelRequest = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  reasoning_effort: z.string().nullish(),
  messages: z.array(message),
  tools: z
    .array(z.looseObject({ function: z.looseObject({ name: z.string() }) }))
    .nullish()
    .transform((tools) => tools ?? []),
});

const parse = (body: unknown): ModelRequest => {
  const { model, stream, messages, tools, reasoning_effort } = modelRequest.parse(body);
  return {
    ...{ model, stream, messages: messages.map(messageOf) },
    effort: reasoning_effort ?? null,
    tools: tools.map((tool) => tool.function.name),
  };
};

const messageOf = (told: z.infer<typeof message>): ModelRequest['messages'][number] => {
  const content = told.content ?? [];
  if (told.role === 'tool') {
    const answer = content.map(({ text }) => text ?? '').join('');
    return { role: 'user', content: [{ type: 'tool_result', content: answer }] };
  }
  const said = content.filter(({ text }) => text !== '');
  const calls = (told.tool_calls ?? []).map((): Block => ({ type: 'tool_use' }));
  // A message that only calls tools is no answer.
  const role = said.length === 0 && calls.length > 0 ? 'tool' : told.role;
  return { role, content: [...said, ...calls] };
};

const callOf = (call: ToolCall, asked: ModelRequest): object => {
  const { name, input } = spokenBy(call, asked.tools);
  return {
    ...{ index: 0, id: nextId('call'), type: 'function' },
    function: { name, arguments: JSON.stringify(input) },
  };
};

const usageOf = ({ usage = [] }: Reply): object => {
  const [input = 1200, answered = 34, read = 1000, written = 0] = usage;
  return {
    ...{ prompt_tokens: input + read + written, completion_tokens: answered },
    total_tokens: input + read + written + answered,
    prompt_tokens_details: { cached_tokens: read },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
};

const opening = (asked: ModelRequest, object: string): object => ({
  ...{ id: nextId('chatcmpl'), object, created: 1_795_000_000, model: asked.model },
});

const whole = (asked: ModelRequest, reply: Reply): object => {
  const { does } = reply;
  const said =
    'say' in does ? { content: does.say } : { content: null, tool_calls: [callOf(does, asked)] };
  return {
    ...opening(asked, 'chat.completion'),
    choices: [{ index: 0, message: { role: 'assistant', ...said }, finish_reason: ending(does) }],
    usage: usageOf(reply),
  };
};

const ending = (does: Reply['does']): string => ('say' in does ? 'stop' : 'tool_calls');

const streamed = async function* (
  asked: ModelRequest,
  reply: Reply,
  gone: AbortSignal,
): AsyncGenerator<object> {
  const { does } = reply;
  const base = opening(asked, 'chat.completion.chunk');
  const chunk = (delta: object, finish_reason: string | null = null): object => ({
    ...{ ...base, choices: [{ index: 0, delta, finish_reason }] },
  });
  yield chunk({ role: 'assistant', content: '' });
  if ('say' in does) {
    for await (const content of inPieces(does.say, reply, gone)) yield chunk({ content });
  } else {
    yield chunk({ tool_calls: [callOf(does, asked)] });
  }
  yield chunk({}, ending(does));
  yield { ...base, choices: [], usage: usageOf(reply) };
};

const FAILED: Record<FailureName, [number, string, string, string]> = {
  401: [401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided'],
  403: [403, 'permission_error', 'permission', 'Your API key may not use this resource'],
  429: [429, 'rate_limit_error', 'rate_limit_exceeded', 'Rate limit reached for this model'],
  500: [500, 'server_error', 'server_error', 'The server had an error'],
  529: [503, 'server_error', 'server_is_overloaded', 'Overloaded'],
  ctx: [
    ...([400, 'invalid_request_error', 'context_length_exceeded'] as const),
    'Your input exceeds the context window of this model.',
  ],
};

const errorBody = (type: string, code: string, words: string): object => ({
  error: { message: words, type, code, param: null },
});

/** Those that try again by themselves need not wait for that. */
const AT_ONCE = { 'retry-after-ms': '1' };

/** OpenAI's Chat Completions, which many providers speak; tools are called as the CLI that asks calls its own. */
export const chatWire: Wire = {
  path: /^\/v1\/chat\/completions$/,
  parse,
  refusal: (failure) => {
    const [status, type, code, words] = FAILED[failure];
    return { status, body: errorBody(type, code, words), headers: AT_ONCE };
  },
  limited: (until) => ({
    status: 429,
    body: {
      error: {
        ...{ type: 'usage_limit_reached', code: 'usage_limit_reached', param: null },
        ...{ message: 'The usage limit has been reached', resets_at: until },
      },
    },
    headers: AT_ONCE,
  }),
  notHere: () => errorBody('invalid_request_error', 'not_found', 'Not here'),
  whole,
  stream: streamed,
  farewell: '[DONE]',
};
