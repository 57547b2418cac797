import { jsonOf } from '../stream/json-lines.js';
import { instantOf, TIME_SPAN, timeSpanMs, WORDED_SPAN, zonedTime } from '../failures/time-span.js';
import { type ToldFailure } from './memory.js';

/**
 * When to try again after a limit, by all that the provider has said: headers, fields of the body, words. The latest
 * of them, as RFC 3339; null when there is none.
 */
export const resetTime = ({ headers, body, message }: ToldFailure, now: Date): string | null => {
  const times = [
    ...Object.entries(headers).map(([name, value]) => ofHeader(name.toLowerCase(), value, now)),
    ...ofBody(jsonOf(body), now),
    ofWords(message, now),
  ].filter((time) => time !== null && time > now.getTime() && instantOf(time) !== null);
  return instantOf(Math.max(...times.map(Number), -Infinity));
};

const IS_EPOCH_S = 1e9;
const IS_EPOCH_MS = 1e12;

const ofHeader = (name: string, value: string, now: Date): number | null => {
  if (name === 'retry-after-ms') return now.getTime() + Number(value);
  if (name !== 'retry-after' && !RESETS.test(name)) return null;
  const number = Number(value);
  if (Number.isNaN(number)) {
    return SPAN.test(value) ? now.getTime() + timeSpanMs(value) : zonedTime(value);
  }
  return instant(number, now);
};

/** `anthropic-ratelimit-unified-reset`. Those of a minute's budget reset long before a limit of a plan does. */
const RESETS = /^anthropic-ratelimit-unified-reset$/;
const SPAN = new RegExp(`^${TIME_SPAN}$`);

const instant = (seconds: number, now: Date): number => {
  if (seconds >= IS_EPOCH_MS) return seconds;
  return seconds >= IS_EPOCH_S ? seconds * 1_000 : now.getTime() + seconds * 1_000;
};

const ofBody = (body: unknown, now: Date): (number | null)[] => {
  if (typeof body !== 'object' || body === null) return [];
  const error = 'error' in body ? body.error : body;
  if (typeof error !== 'object' || error === null) return [];
  const fields = Object.entries(error);
  return fields.map(([name, value]) => {
    if (!/^resets?_(?:at|in_seconds)$/.test(name)) return null;
    return typeof value === 'number' ? instant(value, now) : zonedTime(String(value));
  });
};

/** "... try again in 1m2.5s", "It will reset in 2 hours 5 minutes." */
const ofWords = (message: string, now: Date): number | null => {
  const span = WAIT.exec(message)?.[1] ?? IN_WORDS.exec(message)?.[1];
  return span === undefined ? null : now.getTime() + timeSpanMs(span);
};

const WAIT = new RegExp(String.raw`\b(?:try again|retry|reset) in (${TIME_SPAN})\b`, 'i');
const IN_WORDS = new RegExp(String.raw`\breset in (${WORDED_SPAN})`, 'i');
