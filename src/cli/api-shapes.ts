import { z } from 'zod';

/**
 * What the command line reads of the server's answers. Other fields are kept as they came, so `--json` prints
 * the whole answer of the server, whatever its version.
 */
const failure = z.looseObject({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullish(),
});

const usage = z
  .looseObject({
    inputTokens: z.number(),
    outputTokens: z.number(),
    costUsd: z.number().nullish(),
  })
  .nullish();

const sums = {
  turns: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadTokens: z.number(),
  cacheWriteTokens: z.number(),
  costUsd: z.number().nullable(),
  costIsEstimate: z.boolean(),
};
const usageTotal = z.looseObject({ key: z.string().nullable(), ...sums });
const usageSums = z.looseObject(sums);
export type UsageSums = z.infer<typeof usageSums>;

export const usageReportShape = z.looseObject({
  items: z.array(usageTotal),
  nextCursor: z.string().nullish(),
  total: usageSums,
  prices: z.looseObject({ date: z.string() }),
});
export type UsageReport = z.infer<typeof usageReportShape>;

export const remoteShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  host: z.string(),
  port: z.number().nullable(),
  username: z.string().nullable(),
  enabled: z.boolean(),
  isDefault: z.boolean(),
  state: z.looseObject({
    status: z.string(),
    latencyMs: z.number().nullish(),
    error: failure.nullish(),
  }),
});
export type Remote = z.infer<typeof remoteShape>;

export const detectionShape = z.looseObject({
  agent: z.string(),
  found: z.boolean(),
  path: z.string().nullish(),
  version: z.string().nullish(),
  login: z.string().optional(),
  account: z.string().nullish(),
});
export type Detection = z.infer<typeof detectionShape>;

export const remoteTestShape = z.looseObject({
  ok: z.boolean(),
  hostname: z.string().nullish(),
  os: z.string().nullish(),
  shell: z.string().nullish(),
  latencyMs: z.number().nullish(),
  hostKey: z.looseObject({ type: z.string(), fingerprint: z.string() }).nullish(),
  hops: z
    .array(
      z.looseObject({
        host: z.string(),
        hostKey: z.looseObject({ type: z.string(), fingerprint: z.string() }),
      }),
    )
    .nullish(),
  agent: detectionShape.nullish(),
  error: failure.nullish(),
});
export type RemoteTest = z.infer<typeof remoteTestShape>;

const publicKey = z.looseObject({ type: z.string(), fingerprint: z.string() });
const shownKeys = {
  pinned: publicKey.extend({ authority: z.boolean().optional() }).nullable(),
  offered: publicKey.nullable(),
};
const markedKey = publicKey.extend({ host: z.string().nullable() });
export const hostKeysShape = z.looseObject({
  ...shownKeys,
  hops: z.array(z.looseObject({ host: z.string(), ...shownKeys })),
  imported: z.array(markedKey.extend({ marker: z.string() })),
});
export type HostKeys = z.infer<typeof hostKeysShape>;

export const hostKeyImportShape = z.looseObject({
  taken: z.array(markedKey.extend({ marker: z.string().nullable() })),
  otherLines: z.number(),
  unreadableLines: z.number(),
});
export type HostKeyImport = z.infer<typeof hostKeyImportShape>;

export const environmentShape = z.looseObject({
  hostname: z.string(),
  os: z.string(),
  shell: z.string(),
  home: z.string(),
  path: z.array(z.string()),
  sources: z.looseObject({ added: z.array(z.string()) }),
  variables: z.array(z.string()),
  warnings: z.array(z.string()),
  takenAt: z.string(),
});
export type Environment = z.infer<typeof environmentShape>;

export const sessionShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  agent: z.string(),
  agentLabel: z.string(),
  cwd: z.string(),
  remoteId: z.string().nullable(),
  target: z.looseObject({
    kind: z.enum(['local', 'ssh']),
    remote: z.boolean(),
    hostName: z.string().nullable(),
  }),
  state: z.string(),
  activeTurnId: z.string().nullable(),
  queued: z.number(),
  held: z.boolean().optional(),
  model: z.string().nullish(),
  effort: z.string().nullish(),
  readOnly: z.string().optional(),
});
export type Session = z.infer<typeof sessionShape>;

export const turnShape = z.looseObject({
  id: z.string(),
  sessionId: z.string(),
  kind: z.string(),
  state: z.string(),
  prompt: z.string().optional(),
  held: z.boolean().optional(),
  readOnly: z.boolean().optional(),
  text: z.string().nullable(),
  providerSessionId: z.string().nullable(),
  usage,
  error: failure.nullable(),
  resumesAt: z.string().nullish(),
  host: z.looseObject({
    kind: z.enum(['local', 'ssh']),
    remoteId: z.string().nullable(),
    hostname: z.string().nullable(),
  }),
  attempts: z.number(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
});
export type Turn = z.infer<typeof turnShape>;

export const groupChatShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  participants: z.array(
    z.looseObject({ sessionId: z.string(), name: z.string(), handle: z.string() }),
  ),
  queued: z.number(),
});
export type GroupChat = z.infer<typeof groupChatShape>;

export const messageShape = z.looseObject({
  id: z.string(),
  seq: z.number(),
  round: z.number().nullable(),
  from: z.enum(['user', 'moderator', 'system', 'participant']),
  sessionId: z.string().nullable(),
  name: z.string(),
  text: z.string(),
  late: z.boolean(),
  turnId: z.string().nullable(),
});
export type Message = z.infer<typeof messageShape>;

export const roundShape = z.looseObject({
  id: z.string(),
  messageId: z.string(),
  number: z.number(),
  moderatorTurnId: z.string().nullish(),
  endReason: z.string().nullish(),
  turns: z.array(
    z.looseObject({
      role: z.enum(['moderator', 'participant']),
      turnId: z.string().nullable(),
      sessionId: z.string(),
      handle: z.string(),
      state: z.string(),
    }),
  ),
});
export type Round = z.infer<typeof roundShape>;

export const playbookShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  documents: z.array(z.looseObject({ path: z.string() })),
  loop: z.boolean(),
  sessionId: z.string().nullish(),
});
export type Playbook = z.infer<typeof playbookShape>;

export const runShape = z.looseObject({
  id: z.string(),
  sessionId: z.string(),
  state: z.string(),
  pause: z.looseObject({ reason: z.string(), detail: z.string().nullish() }).nullable(),
  endReason: z.string().nullable(),
  progress: z.looseObject({
    documents: z.number(),
    document: z.number().nullish(),
    tasksDone: z.number(),
    tasksTotal: z.number(),
  }),
  worktreeId: z.string().nullable(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
});
export type Run = z.infer<typeof runShape>;

export const taskShape = z.looseObject({
  turnId: z.string().nullable(),
  state: z.string(),
  document: z.string(),
  text: z.string(),
});
export type RunTask = z.infer<typeof taskShape>;

export const worktreeShape = z.looseObject({
  id: z.string(),
  path: z.string().nullable(),
  branch: z.string(),
  baseSha: z.string().nullable(),
  sessionId: z.string().nullable(),
  parentSessionId: z.string().nullable(),
});
export type Worktree = z.infer<typeof worktreeShape>;

export const eventShape = z.looseObject({
  stream: z.string(),
  seq: z.number().int(),
  type: z.string(),
  at: z.string(),
  data: z.looseObject({}),
});
export type StreamEvent = z.infer<typeof eventShape>;

export const anything = z.unknown();
