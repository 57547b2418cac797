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

const content = z.array(
  z
    .looseObject({ type: z.string(), text: z.string().optional() })
    .transform(({ type, text }): Block => ({
      type: /^(?:in|out)put_text$/.test(type) ? 'text' : type,
      text,
    })),
);
const inputItem = z.looseObject({
  type: z.string().default('message'),
  role: z.string().optional(),
  content: z
    .union([content, z.string().transform((text): Block[] => [{ type: 'text', text }])])
    .nullish(),
  output: z.unknown().optional(),
});
const modelRequest = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
  input: z.array(inputItem),
  tools: z.array(z.looseObject({ type: z.string(), name: z.string().optional() })).default([]),
});

const parse = (body: unknown): ModelRequest => {
  const { model, stream, input, tools, reasoning } = modelRequest.parse(body);
  return {
    ...{ model, stream, messages: input.map(messageOf) },
    effort: reasoning?.effort ?? null,
    tools: tools.map(({ type, name }) => name ?? type),
  };
};

const messageOf = (item: z.infer<typeof inputItem>): ModelRequest['messages'][number] => {
  if (item.type === 'message') return { role: item.role ?? 'user', content: item.content ?? [] };
  if (!item.type.endsWith('_output')) {
    return { role: 'tool', content: [{ type: 'tool_use' }] };
  }
  const output = typeof item.output === 'string' ? item.output : JSON.stringify(item.output);
  // What a command printed comes below a few lines on how it ran.
  const printed = output.replace(/^(?:.+\n)*Output:\n/, '');
  return { role: 'user', content: [{ type: 'tool_result', content: printed }] };
};

type Item = { id: string; type: string } & Record<string, unknown>;

const composed = (does: Reply['does']): Item => {
  if ('say' in does) {
    const part = { type: 'output_text', text: does.say, annotations: [] };
    return {
      ...{ id: nextId('msg'), type: 'message', role: 'assistant', status: 'completed' },
      content: [part],
    };
  }
  const call = { id: nextId('call'), call_id: nextId('call'), status: 'completed' };
  const patch = patchOf(does);
  if (patch !== null) {
    return { ...call, type: 'custom_tool_call', name: 'apply_patch', input: patch };
  }
  const { command, file_path } = does.input;
  const cmd = does.name === 'Bash' ? command : `cat ${String(file_path)}`;
  return {
    ...call,
    type: 'function_call',
    name: 'exec_command',
    arguments: JSON.stringify({ cmd }),
  };
};

const patchOf = ({ name, input }: ToolCall): string | null => {
  const marked = (mark: string, text = ''): string =>
    text
      .split('\n')
      .map((line) => `${mark}${line}`)
      .join('\n');
  const inside = (lines: string[]): string =>
    ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');
  const path = String(input['file_path']);
  if (name === 'Write') return inside([`*** Add File: ${path}`, marked('+', input['content'])]);
  if (name !== 'Edit') return null;
  const change = [marked('-', input['old_string']), marked('+', input['new_string'])];
  return inside([`*** Update File: ${path}`, '@@', ...change]);
};

const responseOf = (asked: ModelRequest, { usage = [] }: Reply, output: Item[]): object => {
  const [input = 1200, answered = 34, read = 1000, written = 0] = usage;
  return {
    ...{ id: nextId('resp'), object: 'response', status: 'completed', model: asked.model, output },
    usage: {
      ...{ input_tokens: input + read + written, output_tokens: answered },
      ...{ total_tokens: input + read + written + answered },
      input_tokens_details: { cached_tokens: read, cache_write_tokens: written },
      output_tokens_details: { reasoning_tokens: 0 },
    },
  };
};

const streamed = async function* (
  asked: ModelRequest,
  reply: Reply,
  gone: AbortSignal,
): AsyncGenerator<{ type: string }> {
  const item = composed(reply.does);
  const opening = { id: nextId('resp'), object: 'response', model: asked.model, output: [] };
  const at = { item_id: item.id, output_index: 0, content_index: 0 };
  yield event('response.created', { response: { ...opening, status: 'in_progress' } });
  yield event('response.output_item.added', { output_index: 0, item: { ...item, content: [] } });
  if ('say' in reply.does) {
    for await (const delta of inPieces(reply.does.say, reply, gone)) {
      yield event('response.output_text.delta', { ...at, delta });
    }
  }
  yield event('response.output_item.done', { output_index: 0, item });
  yield event('response.completed', { response: responseOf(asked, reply, [item]) });
};

const event = (type: string, fields: object): { type: string } => ({ type, ...fields });

const FAILED: Record<FailureName, [number, string, string, string]> = {
  401: [401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided'],
  403: [403, 'invalid_request_error', 'unsupported_country', 'Country not supported'],
  429: [429, 'requests', 'rate_limit_exceeded', 'Rate limit reached for this model'],
  500: [500, 'server_error', 'server_error', 'The server had an error'],
  529: [503, 'server_error', 'server_is_overloaded', 'Overloaded'],
  ctx: [
    ...([400, 'invalid_request_error', 'context_length_exceeded'] as const),
    'Your input exceeds the context window of this model.',
  ],
};

const errorBody = (type: string, code: string, message: string): object => ({
  error: { message, type, code, param: null },
});

/** OpenAI's Responses API, with the tools of Codex. */
export const responsesWire: Wire = {
  path: /^\/v1\/responses$/,
  parse,
  refusal: (failure) => {
    const [status, type, code, message] = FAILED[failure];
    return { status, body: errorBody(type, code, message) };
  },
  limited: (until) => ({
    status: 429,
    body: {
      error: {
        ...{ type: 'usage_limit_reached', message: 'The usage limit has been reached' },
        ...{ plan_type: 'plus', resets_at: until },
      },
    },
  }),
  notHere: () => errorBody('invalid_request_error', 'not_found', 'Not here'),
  whole: (asked, reply) => responseOf(asked, reply, [composed(reply.does)]),
  stream: streamed,
};
