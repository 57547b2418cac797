import { z } from 'zod';
import { query } from '../../platform/http/index.js';

export const environmentQuery = query({
  refresh: z.stringbool().default(false).describe('Ask the login shell anew'),
});
export type EnvironmentQuery = z.infer<typeof environmentQuery>;

/** Names of variables only: their values may be secrets. */
export const environmentSchema = z.object({
  hostname: z.string(),
  os: z.string(),
  shell: z.string(),
  home: z.string(),
  user: z.string(),
  path: z.array(z.string()).describe('Where programs are looked up, in order'),
  sources: z
    .object({ loginShell: z.array(z.string()), added: z.array(z.string()) })
    .describe('The same directories: those of the login shell, and usual ones that were added'),
  variables: z.array(z.string()),
  warnings: z.array(z.string()),
  takenAt: z.string(),
});
export type ShownEnvironment = z.infer<typeof environmentSchema>;
