import { z } from 'zod';
import { body, pageShape, query } from '../../platform/http/index.js';
import { agentSettings, imagesSchema } from '../sessions/index.js';

const name = z
  .string()
  .transform((text) => text.replaceAll(/\p{Cc}+/gu, ' ').trim())
  .pipe(z.string().min(1).max(255));

const HOUR_MS = 3_600_000;
const maxRounds = z.int().min(1).max(50);
const participantTimeoutMs = z
  .int()
  .min(1_000)
  .max(7 * 24 * HOUR_MS);
const maxCostUsd = z.number().positive().max(1_000_000).nullable();

const moderatorSchema = z.union([
  z.strictObject({ sessionId: z.uuid() }),
  z.strictObject(agentSettings),
]);
export type ModeratorChoice = z.infer<typeof moderatorSchema>;

export const newGroupChatSchema = body({
  name,
  moderator: moderatorSchema,
  participants: z.array(z.uuid()).max(50).default([]),
  limits: z.strictObject({ maxRounds, participantTimeoutMs, maxCostUsd }).partial().optional(),
});
export type NewGroupChat = z.infer<typeof newGroupChatSchema>;

/** A merge patch: null puts back to the default. */
export const groupChatPatchSchema = body({
  name: name.optional(),
  moderator: moderatorSchema.optional(),
  limits: z
    .strictObject({
      maxRounds: maxRounds.nullable(),
      participantTimeoutMs: participantTimeoutMs.nullable(),
      maxCostUsd,
    })
    .partial()
    .nullable()
    .optional(),
  archived: z.boolean().nullable().optional(),
});
export type GroupChatPatch = z.infer<typeof groupChatPatchSchema>;

export const newMessageSchema = body({
  text: z
    .string()
    .max(1_000_000)
    .refine((text) => text.trim() !== '', 'must not be empty'),
  readOnly: z.boolean().default(false),
  images: imagesSchema.optional(),
});
export type NewMessage = z.infer<typeof newMessageSchema>;

/** Messages are listed by their number. */
export const messagePageQuery = query(pageShape(z.string().regex(/^\d{1,9}$/)));
export type MessagePageQuery = z.infer<typeof messagePageQuery>;

export const exportQuery = query({
  format: z.enum(['html', 'markdown', 'json']).default('markdown'),
});
export type ExportQuery = z.infer<typeof exportQuery>;
export type ExportFormat = ExportQuery['format'];
