import { z } from 'zod';

import { HostFailure } from '../host-errors.js';
import { type HostEnvironment } from '../host.js';
import { ENVIRONMENT_FIELDS, PATIENCE_S } from './environment-script.js';

const directories = z.string().transform((path) => path.split(':').filter((each) => each !== ''));

const answer = z.object({
  hostname: z.string().min(1),
  os: z.string().min(1),
  shell: z.string().startsWith('/'),
  home: z.string().startsWith('/'),
  user: z.string().min(1),
  path: z.string().min(1),
  loginPath: directories,
  /** Seconds since the epoch; 0 when nothing is saved. */
  takenAt: z.coerce.number().int().catch(0),
  way: z.enum(['ok', 'exec', 'login', 'plain']).catch('plain'),
  obstacle: z.enum(['-', 'ended', 'hung', 'unreadable']).catch('-'),
  isSaved: z.string().transform((word) => word === 'yes'),
  variables: z.string(),
});
type Answer = z.infer<typeof answer>;

/** What gawk puts there itself, and this script. */
const NOT_OF_THE_USER = new Set(['AWKPATH', 'AWKLIBPATH', '_']);

/**
 * What the script of the environment has answered, as the rest of the server sees it.
 *
 * @param name of the host, for the failure: `host/unsuitable` when nobody could work in what it answers
 */
export const parseEnvironment = (data: Buffer, name: string): HostEnvironment => {
  const values = data.toString('utf8').split('\0');
  const { data: known, error } = answer.safeParse(
    Object.fromEntries(ENVIRONMENT_FIELDS.map((field, index) => [field, values[index]])),
  );
  if (!known) {
    const field = String(error.issues[0]?.path[0]);
    throw new HostFailure(
      'host/unsuitable',
      `${name}: its answer about the environment has no usable ${field}`,
      {
        hint: 'A session of the user on that host needs a host name, a user name, a PATH, and absolute paths in HOME and SHELL.',
      },
    );
  }
  const { hostname, os, shell, home, user, path, loginPath, takenAt, way } = known;
  const all = path.split(':').filter((each) => each !== '');
  const loginShell = way === 'plain' ? [] : all.filter((each) => loginPath.includes(each));
  return {
    ...{ hostname, os, shell, home, user, path },
    sources: { loginShell, added: all.filter((each) => !loginShell.includes(each)) },
    variables: known.variables
      .split('\n')
      .filter((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !NOT_OF_THE_USER.has(name))
      .sort(),
    warnings: warningsOf(known),
    takenAt: (takenAt === 0 ? new Date() : new Date(takenAt * 1_000)).toISOString(),
  };
};

const warningsOf = ({ shell, way, obstacle, isSaved }: Answer): string[] => {
  const warnings: string[] = [];
  const missing =
    way === 'plain'
      ? 'PATH is only that of a bare session and the usual directories.'
      : 'What only an interactive login shell sets is missing.';
  if (way === 'exec') {
    warnings.push(
      `The start-up files of ${shell} end it, need input, or replace it by another shell: what is known comes from whatever reads commands after them.`,
    );
  } else if (obstacle === 'hung') {
    const seconds = PATIENCE_S[way === 'plain' ? 'again' : 'first'];
    warnings.push(
      `${shell} had not read its start-up files within ${seconds} s (they wait for an answer, or start a program). ${missing}`,
    );
  } else if (obstacle === 'ended') {
    warnings.push(
      `${shell} ended in its start-up files when it was asked as an interactive login shell. ${missing}`,
    );
  } else if (obstacle === 'unreadable') {
    warnings.push(`/bin/sh cannot read the variables that ${shell} exports. ${missing}`);
  }
  if (!isSaved) {
    warnings.push(
      '~/.maestro cannot be written to, so that the environment of the login shell could not be taken.',
    );
  }
  return warnings;
};
