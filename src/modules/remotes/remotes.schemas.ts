import { z } from 'zod';
import { AGENT_NAMES } from '../../agents/index.js';
import { isHostName, isUserName, variableFault } from '../../hosts/index.js';
import { body, pageOf } from '../../platform/http/index.js';
import { detectionSchema } from './host-agents.schemas.js';
import { REMOTE_STATUSES } from './remote.js';

const noControlCharacters = /^[^\p{Cc}]*$/u;
/** They make what follows look like something else, wherever a name is shown. */
const noDirections = /^[^\u202a-\u202e\u2066-\u2069]*$/;
const text = (max: number): z.ZodString =>
  z.string().trim().min(1).max(max).regex(noControlCharacters, 'Must hold no control characters');

/** As POSIX has them. */
const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'Not a name of an environment variable')
  .max(200);
const variableValue = z
  .string()
  .max(100_000)
  .regex(/^[^\0]*$/, 'Must hold no NUL character');

const settable = (env: Record<string, string | null>, context: z.core.$RefinementCtx): void => {
  for (const [name, value] of Object.entries(env)) {
    const message = value === null ? null : variableFault(name, value);
    if (message !== null) context.addIssue({ code: 'custom', path: [name], message });
  }
};

export const envSchema = z.record(variableName, variableValue).superRefine(settable);

/** What is kept, also from before a name was refused: only what is new is judged. */
export const keptEnvSchema = z.record(z.string(), z.string());

/** A merge patch: a variable that is null is removed. */
export const envPatchSchema = z
  .record(variableName, variableValue.nullable())
  .superRefine(settable);

const remoteFields = {
  name: text(100).regex(noDirections, 'Must hold no characters that turn the direction of text'),
  host: z
    .string()
    .max(255)
    .refine(isHostName, 'Not a host name, an IP address or an ssh config alias'),
  port: z.int().min(1).max(65_535).nullable(),
  username: z.string().max(100).refine(isUserName, 'Not a user name').nullable(),
  privateKeyPath: text(4_096).nullable(),
  privateKey: z.string().min(1).max(100_000).nullable(),
  passphrase: z.string().min(1).max(1_000).nullable(),
  workingDirectory: text(4_096)
    .regex(/^(\/|~(\/|$))/, 'Must be absolute or start with ~/')
    .nullable(),
  env: envSchema,
  enabled: z.boolean(),
  useSshConfig: z.boolean(),
  hostKeyPolicy: z.enum(['accept-new', 'strict']),
};

const DEFAULTS = { enabled: true, useSshConfig: false, hostKeyPolicy: 'accept-new' } as const;

export const createRemoteSchema = body({
  name: remoteFields.name,
  host: remoteFields.host,
  port: remoteFields.port.default(null),
  username: remoteFields.username.default(null),
  privateKeyPath: remoteFields.privateKeyPath.default(null),
  privateKey: remoteFields.privateKey.default(null),
  passphrase: remoteFields.passphrase.default(null),
  workingDirectory: remoteFields.workingDirectory.default(null),
  env: remoteFields.env.default({}),
  enabled: remoteFields.enabled.default(DEFAULTS.enabled),
  useSshConfig: remoteFields.useSshConfig.default(DEFAULTS.useSshConfig),
  hostKeyPolicy: remoteFields.hostKeyPolicy.default(DEFAULTS.hostKeyPolicy),
}).refine(({ privateKey, privateKeyPath }) => privateKey === null || privateKeyPath === null, {
  path: ['privateKey'],
  message: 'Give the private key or its path, not both',
});
export type CreateRemote = z.infer<typeof createRemoteSchema>;

/** A merge patch: `null` puts back to the default. */
export const patchRemoteSchema = body({
  ...remoteFields,
  env: envPatchSchema.nullable(),
  enabled: remoteFields.enabled.nullable().transform((value) => value ?? DEFAULTS.enabled),
  useSshConfig: remoteFields.useSshConfig
    .nullable()
    .transform((value) => value ?? DEFAULTS.useSshConfig),
  hostKeyPolicy: remoteFields.hostKeyPolicy
    .nullable()
    .transform((value) => value ?? DEFAULTS.hostKeyPolicy),
}).partial();
export type PatchRemote = z.infer<typeof patchRemoteSchema>;

export const testRemoteSchema = body({
  agent: z.enum(AGENT_NAMES).optional(),
  command: text(4_096).optional(),
});
export type TestRemote = z.infer<typeof testRemoteSchema>;

export const testDraftSchema = createRemoteSchema.safeExtend({
  agent: z.enum(AGENT_NAMES).optional(),
  command: text(4_096).optional(),
});
export type TestDraft = z.infer<typeof testDraftSchema>;

export const importRemoteSchema = body({
  host: remoteFields.host,
  name: remoteFields.name.optional(),
});
export type ImportRemote = z.infer<typeof importRemoteSchema>;

export const acceptHostKeySchema = body({
  fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'Not a SHA256 fingerprint'),
});
export type AcceptHostKey = z.infer<typeof acceptHostKeySchema>;

/** A known_hosts file, or what `ssh-keyscan` prints. */
export const importHostKeysSchema = body({ knownHosts: z.string().min(1).max(4_000_000) });
export type ImportHostKeys = z.infer<typeof importHostKeysSchema>;

export const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
});

export const remoteStateSchema = z.object({
  status: z.enum(REMOTE_STATUSES),
  since: z.string(),
  latencyMs: z.number().nullable(),
  transport: z.enum(['ssh2', 'openssh']).nullable(),
  transportReasons: z.array(z.string()),
  error: failureSchema.nullable(),
});

export const remoteSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  host: z.string(),
  port: z.int().nullable(),
  username: z.string().nullable(),
  privateKeyPath: z.string().nullable(),
  hasPrivateKey: z.boolean(),
  workingDirectory: z.string().nullable(),
  env: z.record(z.string(), z.literal('***')),
  enabled: z.boolean(),
  useSshConfig: z.boolean(),
  hostKeyPolicy: z.enum(['accept-new', 'strict']),
  isDefault: z.boolean(),
  state: remoteStateSchema,
  createdAt: z.string(),
  updatedAt: z.string(),
});
export const remotePageSchema = pageOf(remoteSchema);

const publicKeyShape = { type: z.string(), fingerprint: z.string() };
const hostKeySchema = z.object({ ...publicKeyShape, authority: z.boolean() });
const shownHostKeyShape = { pinned: hostKeySchema.nullable(), offered: hostKeySchema.nullable() };
const markers = z.enum(['cert-authority', 'revoked']);
export const hostKeysSchema = z.object({
  ...shownHostKeyShape,
  hops: z.array(z.object({ host: z.string(), ...shownHostKeyShape })),
  imported: z.array(z.object({ host: z.string().nullable(), marker: markers, ...publicKeyShape })),
});
export const hostKeyImportSchema = z.object({
  taken: z.array(
    z.object({ host: z.string().nullable(), marker: markers.nullable(), ...publicKeyShape }),
  ),
  otherLines: z.int(),
  unreadableLines: z.int(),
  hostKeys: hostKeysSchema,
});

export const testAnswerSchema = z.object({
  ok: z.boolean(),
  hostname: z.string().nullable(),
  os: z.string().nullable(),
  shell: z.string().nullable(),
  latencyMs: z.number().nullable(),
  hostKey: hostKeySchema.nullable(),
  /** Of the hosts on the way, as far as the test came. */
  hops: z.array(z.object({ host: z.string(), hostKey: hostKeySchema })),
  agent: detectionSchema.optional(),
  error: failureSchema.optional(),
});
export type TestAnswer = z.infer<typeof testAnswerSchema>;

const nullableText = z.string().nullable();
export const sshConfigSchema = z.object({
  path: z.string(),
  hosts: z.array(
    z.object({
      host: z.string(),
      hostName: nullableText,
      port: z.int().nullable(),
      user: nullableText,
      identityFile: nullableText,
      proxyJump: nullableText,
      summary: z.string(),
    }),
  ),
  error: failureSchema.optional(),
});
