import {
  AGENT_METHODS,
  CLIENT_METHODS,
  type InitializeRequest,
  PROTOCOL_VERSION,
  type SessionUpdate,
} from '@agentclientprotocol/sdk';
import { z } from 'zod';

// The library's own schemas are not among its exports, and its client holds what it has asked in memory. So ours are
// here, lenient in what they read, and its types say what they are held to.

/** What we ask of an agent, each once the one before is answered. */
export const ASK = {
  initialize: AGENT_METHODS.initialize,
  begin: AGENT_METHODS.session_new,
  load: AGENT_METHODS.session_load,
  resume: AGENT_METHODS.session_resume,
  /** An extension that no agent has: the protocol wants each to say so, and it says it after what it was still telling. */
  catchUp: '_maestro/caught_up',
  setOption: AGENT_METHODS.session_set_config_option,
  setMode: AGENT_METHODS.session_set_mode,
  /** Agents that know no options have this from an earlier draft. */
  setModel: 'session/set_model',
  prompt: AGENT_METHODS.session_prompt,
} as const;
export type Asked = (typeof ASK)[keyof typeof ASK];

export const UPDATE = CLIENT_METHODS.session_update;
export const ASK_PERMISSION = CLIENT_METHODS.session_request_permission;

/** Codes of errors beyond those of JSON-RPC. */
export const AUTH_REQUIRED = -32_000;
export const NOT_FOUND = -32_002;
export const NO_SUCH_METHOD = -32_601;

/** An agent reads and writes files and runs commands by itself, on its host. */
export const INITIALIZE: InitializeRequest = {
  protocolVersion: PROTOCOL_VERSION,
  clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
  clientInfo: { name: 'maestro-server', title: 'Maestro', version: '1' },
};
export { PROTOCOL_VERSION };

const text = z.string().nullish().catch(null);
const count = z.number().nonnegative().nullish().catch(null);
const yes = z.boolean().catch(false).default(false);

export const initialized = z.object({
  protocolVersion: z.number().catch(PROTOCOL_VERSION).default(PROTOCOL_VERSION),
  agentCapabilities: z
    .object({
      loadSession: yes,
      promptCapabilities: z
        .object({ image: yes })
        .catch({ image: false })
        .default({ image: false }),
      sessionCapabilities: z.object({ resume: z.unknown().optional() }).catch({}).default({}),
    })
    .nullish()
    .catch(null),
  agentInfo: z.object({ name: z.string(), title: text }).nullish().catch(null),
  authMethods: z
    .array(z.object({ name: text, description: text }).catch({ name: null, description: null }))
    .catch([])
    .default([]),
});

const choice = z.object({ value: z.string(), name: text });
const option = z.object({
  id: z.string(),
  category: text,
  currentValue: z.string(),
  options: z
    .array(z.union([choice, z.object({ options: z.array(choice) })]))
    .transform((each) => each.flatMap((it) => ('options' in it ? it.options : [it]))),
});
export type Option = z.infer<typeof option>;

/** Of `session/new` and of those that go on with a conversation. */
export const opened = z.object({
  sessionId: text,
  configOptions: z
    .array(option.nullable().catch(null))
    .transform((each) => each.flatMap((it) => it ?? []))
    .nullish()
    .catch(null),
  modes: z
    .object({
      currentModeId: z.string(),
      availableModes: z.array(z.object({ id: z.string(), name: text })),
    })
    .nullish()
    .catch(null),
  models: z
    .object({
      currentModelId: z.string(),
      availableModels: z.array(z.object({ modelId: z.string(), name: text })),
    })
    .nullish()
    .catch(null),
});
export type Opened = z.infer<typeof opened>;

const tokens = z.object({
  inputTokens: count,
  outputTokens: count,
  totalTokens: count,
  thoughtTokens: count,
  cachedReadTokens: count,
  cachedWriteTokens: count,
});
export type ToldTokens = z.infer<typeof tokens>;

/** Some agents tell what was used beside the protocol, by model. */
const quota = z.object({
  token_count: z.object({ input_tokens: count, output_tokens: count }).nullish().catch(null),
  model_usage: z
    .array(z.object({ model: text }))
    .nullish()
    .catch(null),
});

export const prompted = z.object({
  stopReason: z.string(),
  usage: tokens.nullish().catch(null),
  _meta: z
    .object({ quota: quota.nullish().catch(null) })
    .nullish()
    .catch(null),
});
export type Prompted = z.infer<typeof prompted>;

const content = z.object({ type: z.string(), text });
const chunk = {
  content,
  messageId: text,
  _meta: z
    .object({ usage: tokens.nullish().catch(null) })
    .nullish()
    .catch(null),
};

export const toolCall = z.object({
  toolCallId: z.string(),
  title: text,
  name: text,
  kind: text,
  status: text,
  rawInput: z.unknown().optional(),
  rawOutput: z.unknown().optional(),
  content: z
    .array(
      z
        .object({ content: content.nullish().catch(null) })
        .nullish()
        .catch(null),
    )
    .nullish()
    .catch(null),
});
export type ToolCall = z.infer<typeof toolCall>;

export const update = z.discriminatedUnion('sessionUpdate', [
  z.object({ sessionUpdate: z.literal('agent_message_chunk'), ...chunk }),
  z.object({ sessionUpdate: z.literal('agent_thought_chunk'), ...chunk }),
  z.object({ sessionUpdate: z.literal('user_message_chunk') }),
  toolCall.extend({ sessionUpdate: z.literal('tool_call') }),
  toolCall.extend({ sessionUpdate: z.literal('tool_call_update') }),
  z.object({
    sessionUpdate: z.literal('usage_update'),
    used: count,
    size: count,
    cost: z.object({ amount: count, currency: text }).nullish().catch(null),
  }),
  z.object({
    sessionUpdate: z.literal('session_info_update'),
    _meta: z
      .object({ codex: z.object({ threadStatus: z.object({ type: z.string() }) }) })
      .nullish()
      .catch(null),
  }),
]);
export type Update = z.infer<typeof update>;

/** Updates that say nothing about the turn. */
export const IMMATERIAL: ReadonlySet<string> = new Set<SessionUpdate['sessionUpdate']>([
  ...(['plan', 'available_commands_update', 'current_mode_update'] as const),
  ...(['config_option_update', 'notice', 'compaction_update'] as const),
  'compaction_summary_chunk',
]);

export const notification = z.object({
  sessionId: text,
  update: z.looseObject({ sessionUpdate: z.string() }),
});

export const permissionAsked = z.object({
  toolCall: toolCall.nullish().catch(null),
  options: z
    .array(z.object({ optionId: z.string(), kind: z.string() }))
    .catch([])
    .default([]),
});
