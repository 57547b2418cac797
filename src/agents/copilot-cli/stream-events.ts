import { z } from 'zod';

const text = z.string().nullish().catch(null);
const number = z.number().nullish().catch(null);

/** Whose an event is: those of a sub-agent have its id, or that of the tool that began it. */
const common = { agentId: text };
const ofTool = { parentToolCallId: text };
const event = <Type extends string, Data extends z.ZodRawShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), ...common, data: z.object({ ...ofTool, ...data }) });

/** The lines of `--output-format json` that mean something to us; all others fail to parse and are let pass. */
export const streamEvent = z.discriminatedUnion('type', [
  /** The conversation has the prompt. */
  event('user.message', {}),
  event('assistant.turn_start', {}),
  event('model.call_start', { model: text }),
  event('model.call_finished', { outcome: text }),
  /** A request whose answer broke off is repeated. */
  event('assistant.turn_retry', {}),
  event('assistant.message_start', {}),
  event('assistant.message_delta', { deltaContent: z.string() }),
  event('assistant.message', { content: z.string(), model: text }),
  event('assistant.reasoning_delta', { deltaContent: z.string() }),
  event('assistant.reasoning', { content: z.string() }),
  event('tool.execution_start', {
    toolCallId: z.string(),
    toolName: z.string(),
    arguments: z.record(z.string(), z.unknown()).nullish().catch(null),
  }),
  event('tool.execution_complete', {
    toolCallId: z.string(),
    success: z.boolean().nullish().catch(null),
    result: z.object({ content: text }).nullish().catch(null),
    error: z.object({ message: text }).nullish().catch(null),
    /** Of a command. */
    shellExecution: z.object({ exitCode: number }).nullish().catch(null),
  }),
  event('session.error', { errorType: text, errorCode: text, message: text, statusCode: number }),
  event('assistant.turn_end', {}),
  event('abort', {}),
  z.object({ type: z.literal('result'), sessionId: text, exitCode: z.number() }),
]);
export type StreamEvent = z.infer<typeof streamEvent>;
export type EventOf<Type extends StreamEvent['type']> = Extract<StreamEvent, { type: Type }>;
