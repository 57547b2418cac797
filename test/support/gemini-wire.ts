import { z } from 'zod';
import {
  type Block,
  type FailureName,
  type ModelRequest,
  type Refusal,
  type Reply,
  type ToolCall,
  type Wire,
} from './model-api.js';
import { inPieces, nextId } from './streamed-pieces.js';

const part = z.looseObject({
  text: z.string().optional(),
  functionCall: z.unknown().optional(),
  functionResponse: z
    .looseObject({ response: z.record(z.string(), z.unknown()).default({}) })
    .optional(),
});
const content = z.object({ role: z.string().default('user'), parts: z.array(part).default([]) });
const tool = z.looseObject({
  functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]),
});
const modelRequest = z.object({
  contents: z.array(content),
  tools: z.array(tool).default([]),
});

const PATH = /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

const parse = (body: unknown, path: string): ModelRequest => {
  const { contents, tools } = modelRequest.parse(body);
  const [, model = '', method] = PATH.exec(path) ?? [];
  return {
    ...{ model, stream: method === 'streamGenerateContent', effort: null },
    // Prompts that follow on each other, as after a turn that was stopped, come as one with several parts.
    messages: contents.flatMap(({ role, parts }) =>
      role === 'model'
        ? [{ role: 'assistant', content: parts.map(blockOf) }]
        : parts.map((each) => ({ role, content: [blockOf(each)] })),
    ),
    tools: tools.flatMap(({ functionDeclarations }) =>
      functionDeclarations.map(({ name }) => name),
    ),
  };
};

const blockOf = ({ text, functionCall, functionResponse }: z.infer<typeof part>): Block => {
  if (functionCall !== undefined) return { type: 'tool_use' };
  if (functionResponse === undefined) return { type: 'text', text };
  const { output, ...other } = functionResponse.response;
  // What a command printed stands between notes on how it ran.
  const printed =
    typeof output === 'string'
      ? output.replace(/^<untrusted_context>\nOutput: (.*)\nProcess Group PGID: .*$/s, '$1')
      : output;
  return { type: 'tool_result', content: printed ?? JSON.stringify(other) };
};

const callOf = ({ name, input }: ToolCall): { name: string; args: object } => {
  const { command, file_path, content: text } = input;
  switch (name) {
    case 'Bash':
      return { name: 'run_shell_command', args: { command } };
    case 'Read':
      return { name: 'read_file', args: { file_path } };
    case 'Write':
      return { name: 'write_file', args: { file_path, content: text } };
    case 'Edit':
      return { name: 'replace', args: { ...input, instruction: 'As the script says' } };
  }
};

/** One part of an answer; with the last of them come its end and what it has used. */
const chunk = (asked: ModelRequest, parts: object[], ending: object = {}, more = {}): object => ({
  candidates: [{ index: 0, content: { role: 'model', parts }, ...ending }],
  ...{ modelVersion: asked.model, ...more },
});

const ENDING = { finishReason: 'STOP' };

const usageOf = ({ usage = [] }: Reply): object => {
  const [input = 1200, answered = 34, read = 1000] = usage;
  return {
    usageMetadata: {
      ...{ promptTokenCount: input + read, cachedContentTokenCount: read },
      ...{ candidatesTokenCount: answered, totalTokenCount: input + read + answered },
    },
  };
};

const partOf = (does: Reply['does']): object =>
  'say' in does
    ? { text: does.say }
    : { functionCall: { id: nextId('call'), ...callOf(does) }, thoughtSignature: 'c2NyaXB0' };

const streamed = async function* (
  asked: ModelRequest,
  reply: Reply,
  gone: AbortSignal,
): AsyncGenerator<object> {
  if ('say' in reply.does) {
    for await (const text of inPieces(reply.does.say, reply, gone)) yield chunk(asked, [{ text }]);
  } else {
    yield chunk(asked, [partOf(reply.does)]);
  }
  yield chunk(asked, [{ text: '' }], ENDING, usageOf(reply));
};

const FAILED: Record<FailureName, [number, string, string]> = {
  401: [401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'],
  403: [403, 'PERMISSION_DENIED', 'Your API key may not use this model.'],
  429: [429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.'],
  500: [500, 'INTERNAL', 'Internal error encountered.'],
  529: [503, 'UNAVAILABLE', 'The model is overloaded.'],
  ctx: [
    ...([400, 'INVALID_ARGUMENT'] as const),
    'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
  ],
};

/** Of the quota of a day, which the CLI does not wait for. */
const QUOTA = {
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel' }],
};

const refusal = (failure: FailureName): Refusal => {
  const [code, status, message] = FAILED[failure];
  return errorBody(code, status, message, failure === '429' ? [QUOTA] : []);
};

const errorBody = (
  code: number,
  status: string,
  message: string,
  details: object[] = [],
): Refusal => ({ status: code, body: { error: { code, message, status, details } } });

/** Google's API of Gemini, with the tools of its CLI. */
export const geminiWire: Wire = {
  path: PATH,
  parse,
  refusal,
  limited: () => refusal('429'),
  notHere: () => errorBody(404, 'NOT_FOUND', 'Not here').body,
  whole: (asked, reply) => chunk(asked, [partOf(reply.does)], ENDING, usageOf(reply)),
  stream: streamed,
};
