import { escapeAtSigns } from '../gemini-cli/at-signs.js';

/**
 * Qwen Code reads at signs as Gemini CLI does, which it began as. And a prompt that begins with a slash may be one of its
 * own commands, which the model never reads; behind a line break it is none.
 */
export const promptOf = (prompt: string): string =>
  escapeAtSigns(prompt.startsWith('/') ? `\n${prompt}` : prompt);
