import { Logger } from '@nestjs/common';
import { variableFault } from '../../hosts/index.js';

const log = new Logger('SettableVariables');

/**
 * Without the variables that cannot be set on a host. They were kept before their names were refused, and work that went
 * well until then is to go on.
 *
 * @param whose for the log
 */
export const settableVariables = (
  env: Readonly<Record<string, string>>,
  whose: Record<string, string | null>,
): Record<string, string> => {
  const all = Object.entries(env);
  const settable = all.filter(([name, value]) => variableFault(name, value) === null);
  if (settable.length < all.length) {
    const kept = new Set(settable.map(([name]) => name));
    const names = Object.keys(env).filter((name) => !kept.has(name));
    log.warn({ message: 'variables not set: they belong to the shell', ...whose, names });
  }
  return Object.fromEntries(settable);
};
