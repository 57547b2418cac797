import { type Fact, type ParserState } from './adapter.js';

/** Before the first line. */
export const freshState = (memory: Record<string, unknown> = {}): ParserState => ({
  providerSessionId: null,
  text: null,
  model: null,
  usage: null,
  memory,
});

const RAW_LENGTH = 2_000;

/**
 * What is kept of a line that is none of an adapter's events: its beginning when it is an event at all, that is a JSON
 * object with a `type`; nothing of noise.
 */
export const unknownEvent = (line: string): Fact[] => {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event !== 'object' || event === null || !('type' in event)) return [];
    if (typeof event.type !== 'string') return [];
    return [{ type: 'unknown', name: event.type.slice(0, 200), raw: line.slice(0, RAW_LENGTH) }];
  } catch {
    return [];
  }
};
