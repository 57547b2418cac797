import { constants } from 'node:os';

import { z } from 'zod';

import { type RunVerdict } from '../host.js';

/** The final record of a run, as its file name or its trailer has it: `0`, `143`, `130.cancelled`, `125.cwd`, `fenced`. */
const finalRecord = z.union([
  z.literal('fenced'),
  z
    .string()
    .regex(/^\d{1,3}(\.(cwd|notfound|cancelled))?$/)
    .transform((record) => {
      const [code, why] = record.split('.') as [
        string,
        'cwd' | 'notfound' | 'cancelled' | undefined,
      ];
      return { exitCode: Number(code), why: why ?? null };
    }),
]);

/** Signals whose numbers are the same on every system that has them; of this machine for the rest. */
const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

export const FENCED: RunVerdict = {
  kind: 'never-started',
  reason: 'It was cancelled or given up before it could start',
};

export const verdictOfRecord = (record: string): RunVerdict => {
  const parsed = finalRecord.parse(record);
  if (parsed === 'fenced') return FENCED;
  const { exitCode, why } = parsed;
  const signal = exitCode > 128 ? (SIGNALS.get(exitCode - 128) ?? null) : null;
  return { kind: 'exited', exitCode, signal, why };
};

/** The verdict that a follower or a status speaks out itself, or null when the words are another answer. */
export const spokenVerdict = ([word, argument = '']: readonly string[]): RunVerdict | null => {
  switch (word ?? '') {
    case 'NONE':
      return { kind: 'never-started', reason: 'This host knows nothing of it' };
    case 'NEVER':
      return FENCED;
    case 'WRONGHOST':
      return { kind: 'wrong-host', hostname: argument };
    case 'EXIT':
      return verdictOfRecord(argument);
    case 'LOST':
      return { kind: 'lost', cause: z.enum(['rebooted', 'killed', 'orphaned']).parse(argument) };
    default:
      return null;
  }
};
