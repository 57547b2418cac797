import { z } from 'zod';
import { body } from '../../platform/http/index.js';
import { imagesSchema } from './images.schema.js';

/** 5 MB of text, whatever the bytes. */
const prompt = z.string().min(1).max(5_000_000);

export const postTurnSchema = body({
  prompt,
  readOnly: z.boolean().optional(),
  fresh: z.boolean().optional(),
  images: imagesSchema.optional(),
});
export type PostTurn = z.infer<typeof postTurnSchema>;

export const patchTurnSchema = body({
  prompt: prompt.optional(),
  held: z.boolean().nullable().optional(),
  position: z.int().min(0).optional(),
});
export type PatchTurn = z.infer<typeof patchTurnSchema>;
