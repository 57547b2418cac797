import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/** Messages go on from the setting's name, and never repeat the value: some are secrets. */
const wholeNumber = (min: number, max: number, of: string) =>
  z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], { error: `must be ${of}` })
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, {
      error: `must be ${of}`,
    });

export const oneOf = <const Word extends string>(...words: [Word, ...Word[]]) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` });

export const port = wholeNumber(0, 65_535, 'a port number from 0 to 65535');

export const milliseconds = (min: number, max: number) =>
  wholeNumber(min, max, `a number of milliseconds from ${min} to ${max}`);

export const url = (...protocols: [string, ...string[]]) =>
  z
    .string()
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
      error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    })
    .nullable();

/** Travels in an Authorization header. */
export const token = z
  .string()
  .regex(/^[\x21-\x7e]+$/, { error: 'must be printable ASCII without spaces' })
  .nullable();

export const key = z.string().min(16, { error: 'must have at least 16 characters' }).nullable();

export const flag = z.union(
  [
    z.boolean(),
    z.enum(['true', '1', 'yes']).transform(() => true),
    z.enum(['false', '0', 'no']).transform(() => false),
  ],
  { error: 'must be true or false' },
);

const origin = (value: string): boolean => URL.canParse(value) && new URL(value).origin === value;

export const origins = z
  .union([
    z.array(z.string()),
    z.string().transform((list) => list.split(',').map((entry) => entry.trim())),
  ])
  .refine((list) => list.every((entry) => entry === '*' || origin(entry)), {
    error: 'must be a list of origins like https://console.example, with commas',
  });

export const directory = z
  .string()
  .transform((path) =>
    resolve(path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path),
  );

/** Root's home is closed to the account that the embedded database runs as, and no place for a service. */
export const defaultDataDir = (env: Readonly<Record<string, string | undefined>>): string =>
  process.getuid?.() === 0 ? '/var/lib/maestro' : join(env['HOME'] ?? homedir(), '.maestro-server');
