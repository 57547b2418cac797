import { type z } from 'zod';

/** The value of a JSON text; undefined when it is none. */
export const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A line as one of the events that an adapter knows; null when it is none of them, or nested too deeply to be looked at. */
export const eventOf = <Event>(known: z.ZodType<Event>, line: string): Event | null => {
  try {
    return known.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
};
