import { z } from 'zod';
import { type AgentModel, type CliQuestion } from '../adapter.js';
import { jsonOf } from '../stream/json-lines.js';

const model = z.object({
  name: z.string().nullish().catch(null),
  limit: z.object({ context: z.int().positive() }).nullish().catch(null),
  variants: z.record(z.string(), z.unknown()).nullish().catch(null),
});

/** It calls them variants. A model may have others, by names of its own, which no session can say. */
export const OPENCODE_EFFORT = [
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
] as const;

/** `opencode models --verbose`: of each model its name, as `provider/model`, and below it a JSON object. */
export const OPENCODE_MODELS: CliQuestion<AgentModel[] | null> = {
  args: ['models', '--verbose'],
  read: ({ exitCode, stdout }) => {
    if (exitCode !== 0) return null;
    return [...stdout.matchAll(MODEL)].map(([, id = '', text = '']) => {
      const { data } = model.safeParse(jsonOf(text));
      const variants = data?.variants;
      return {
        id,
        name: data?.name ?? null,
        contextWindow: data?.limit?.context ?? null,
        effort: variants ? OPENCODE_EFFORT.filter((level) => Object.hasOwn(variants, level)) : null,
      };
    });
  },
};

const MODEL = /^(\S+\/\S+)\r?\n(\{\r?\n[\s\S]*?\n\})\r?$/gm;
