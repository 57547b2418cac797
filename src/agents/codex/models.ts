import { z } from 'zod';
import { type AgentModel, type CliQuestion } from '../adapter.js';
import { jsonOf } from '../stream/json-lines.js';

const catalog = z.object({
  models: z.array(
    z.object({
      slug: z.string().min(1),
      display_name: z.string().nullish().catch(null),
      visibility: z.string().nullish().catch(null),
      context_window: z.int().positive().nullish().catch(null),
      supported_reasoning_levels: z
        .array(z.object({ effort: z.string() }))
        .nullish()
        .catch(null),
    }),
  ),
});

/** `codex debug models`: its catalogue as one JSON object, refreshed where there is a network. */
export const CODEX_MODELS: CliQuestion<AgentModel[] | null> = {
  args: ['debug', 'models'],
  read: ({ exitCode, stdout }) => {
    const { data } = catalog.safeParse(exitCode === 0 ? jsonOf(stdout) : null);
    if (!data) return null;
    return data.models
      .filter(({ visibility }) => visibility !== 'hide')
      .map((model) => ({
        id: model.slug,
        name: model.display_name ?? null,
        contextWindow: model.context_window ?? null,
        effort: model.supported_reasoning_levels?.map(({ effort }) => effort) ?? null,
      }));
  },
};
