import { z } from 'zod';
import { AGENT_NAMES } from '../../agents/index.js';

export const agentName = z.enum(AGENT_NAMES);

const nullableText = z.string().nullable();

export const detectionSchema = z.object({
  agent: agentName,
  found: z.boolean(),
  path: nullableText,
  version: nullableText,
  login: z
    .enum(['signed-in', 'signed-out', 'unknown'])
    .describe('As its CLI says in the login environment; a session may bring a key of its own'),
  account: nullableText.describe('Whose account it is, where its CLI tells'),
  error: z
    .object({ code: z.string(), message: z.string(), hint: z.string().optional() })
    .nullable(),
});
export const detectionsSchema = z.array(detectionSchema);

export const modelsSchema = z.object({
  items: z.array(
    z.object({
      id: z.string().describe('As a session names it'),
      name: nullableText,
      contextWindow: z.int().nullable(),
      effort: z.array(z.string()).nullable().describe('The levels that it knows, weakest first'),
    }),
  ),
});
