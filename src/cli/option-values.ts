import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { CliFailure } from './cli-failure.js';
import { EXIT } from './exit-codes.js';
import { type World } from './world.js';

export const wholeNumber = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
};

export const positiveNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Give a number above 0.');
  return value;
};

/** Collects an option that may be given several times. */
export const collect = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  value,
];

/** `KEY=VALUE` entries; `KEY` alone takes the value of this process's environment, and so keeps it out of argv. */
export const envFrom = (
  entries: readonly string[] | undefined,
  env: World['env'],
): Record<string, string> =>
  Object.fromEntries(
    (entries ?? []).map((entry) => {
      const at = entry.indexOf('=');
      const name = at < 0 ? entry : entry.slice(0, at);
      const value = at < 0 ? env[name] : entry.slice(at + 1);
      if (name === '' || value === undefined) {
        throw new CliFailure(
          EXIT.usage,
          `--env ${entry}: give KEY=VALUE, or the name of a variable that is set`,
        );
      }
      return [name, value];
    }),
  );

const MEDIA_TYPES: Partial<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
};

/** Images as the API takes them. */
export const imagesFrom = (
  paths: readonly string[] | undefined,
): Promise<{ name: string; mediaType: string; data: string }[]> =>
  Promise.all(
    (paths ?? []).map(async (path) => {
      const mediaType = MEDIA_TYPES[extname(path).toLowerCase()];
      if (!mediaType)
        throw new CliFailure(EXIT.usage, `${path} is not a png, jpeg, gif or webp file`);
      const data = await readLocal(path);
      return { name: path.split('/').at(-1) ?? path, mediaType, data: data.toString('base64') };
    }),
  );

export const readLocal = async (path: string): Promise<Buffer> => {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new CliFailure(EXIT.usage, `The file ${path} cannot be read`, { cause });
  }
};

/** The JSON in a file; what it means is up to the server. */
export const jsonFrom = async (path: string): Promise<unknown> => {
  const text = (await readLocal(path)).toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new CliFailure(EXIT.usage, `The file ${path} holds no JSON`, { cause });
  }
};

/** Only the fields that were given: the server decides about the rest. */
export const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
