import { type Fact, type ParserState } from '../adapter.js';

/** Before the first line. */
export const freshState = (memory: Record<string, unknown> = {}): ParserState => ({
  providerSessionId: null,
  text: null,
  model: null,
  usage: null,
  memory,
});

const RAW_LENGTH = 2_000;
const NAME_LENGTH = 200;

/**
 * What is kept of a line that is none of an adapter's events: its beginning when it is an event at all, that is a JSON
 * object with a `type`; nothing of noise.
 *
 * @param isMeaningless whether events of that type are known, and known to say nothing
 */
export const unknownEvent = (
  line: string,
  isMeaningless: (type: string) => boolean = () => false,
): Fact[] => {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event !== 'object' || event === null || !('type' in event)) return [];
    if (typeof event.type !== 'string' || isMeaningless(event.type)) return [];
    return [unknownFact(event.type, line)];
  } catch {
    return [];
  }
};

export const unknownFact = (name: string, line: string): Fact => ({
  type: 'unknown',
  name: name.slice(0, NAME_LENGTH),
  raw: line.slice(0, RAW_LENGTH),
});
