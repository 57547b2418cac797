import { z } from 'zod';
import { pageOf, pageShape, query } from '../../platform/http/index.js';
import { USAGE_GROUPS } from './usage.js';

const tokens = {
  inputTokens: z.int(),
  outputTokens: z.int(),
  cacheReadTokens: z.int(),
  cacheWriteTokens: z.int(),
  reasoningTokens: z.int().nullable(),
};
const cost = { costUsd: z.number().nullable(), costIsEstimate: z.boolean() };

/** Of one turn, or of several: the size of the context is that of the last one, or null. */
export const usageSchema = z.object({
  ...tokens,
  ...cost,
  contextWindow: z.int().nullable(),
  contextTokens: z.int().nullable(),
});

/** Not `+05:30`, which PostgreSQL reads the other way round. */
const isTimeZone = (name: string): boolean => {
  try {
    return (
      /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).format() !== ''
    );
  } catch {
    return false;
  }
};

/** The last group that the client has: `=key`, or `-` for what has none. */
const lastGroup = z.string().regex(/^(?:-|=[^]*)$/);

export const usageQuerySchema = query({
  ...pageShape(lastGroup),
  by: z.enum(USAGE_GROUPS).default('day'),
  /** From this time on, before that one. */
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  /** In which a day begins. */
  timeZone: z
    .string()
    .max(100)
    .refine(isTimeZone, 'Must be a time zone such as Europe/Vienna')
    .default('UTC'),
  sessionId: z.uuid().optional(),
  groupChatId: z.uuid().optional(),
  runId: z.uuid().optional(),
  remoteId: z.union([z.literal('local'), z.uuid()]).optional(),
}).refine(
  ({ from, to }) => from === undefined || to === undefined || new Date(from) <= new Date(to),
  { path: ['to'], message: 'Must not be before `from`' },
);
export type UsageQuery = z.infer<typeof usageQuerySchema>;

const sums = { turns: z.int(), ...tokens, ...cost };
export const usageReportSchema = z.object({
  ...pageOf(z.object({ key: z.string().nullable(), ...sums })).shape,
  total: z.object(sums).describe('Of all groups, not only those of this page'),
  prices: z.object({ source: z.string(), version: z.string(), date: z.string() }),
});
