import { HostFailure } from '../host-errors.js';
import { variableFault } from './variables.js';

/** Defines `$_L`, the newline that quoted values refer to: a script for the loader is one line. */
const NEWLINE = '_L=$(printf "\\n."); _L=${_L%.};';

/** A value as one word of POSIX sh, to the byte. A newline becomes `$_L`: see `withNewline`. */
export const shQuote = (value: string): string => {
  if (value.includes('\0')) {
    throw new HostFailure(
      'host/protocol',
      'A NUL byte cannot be part of an argument, path or variable',
    );
  }
  return `'${value.replaceAll("'", `'\\''`).replaceAll('\n', `'"$_L"'`)}'`;
};

/** Puts the definition of the newline before a script that needs it (it costs the host a fork). */
export const withNewline = (script: string): string =>
  script.includes('"$_L"') ? `${NEWLINE} ${script}` : script;

/** A path as one word of sh: `~` and `~/...` are expanded on the host, everything else is literal. */
export const shPath = (path: string): string => {
  if (path === '~') return '"$HOME"';
  if (path.startsWith('~/')) return `"$HOME"/${shQuote(path.slice(2))}`;
  if (!path.startsWith('/')) {
    throw new HostFailure('host/protocol', `Not an absolute path: ${path}`, {
      hint: 'Paths on a host start with `/` or `~/`.',
    });
  }
  return shQuote(path);
};

/** Program and arguments as `set --`; a program given as a path may start with `~/`. */
export const shArguments = ([program, ...rest]: readonly [string, ...string[]]): string =>
  [
    'set --',
    program.startsWith('~/') ? shPath(program) : shQuote(program),
    ...rest.map(shQuote),
  ].join(' ') + ';';

export const shExports = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .map(([name, value]) => {
      const fault = variableFault(name, value);
      if (fault !== null) {
        throw new HostFailure(
          'host/protocol',
          `Not a variable that can be set: ${JSON.stringify(name)}: ${fault}`,
          { hint: 'Remove it from the environment of the session or of the remote.' },
        );
      }
      return `export ${name}=${shQuote(value)};`;
    })
    .join(' ');

/** Text as an argument of `printf %b` on one line, or null when it cannot be: then it travels as raw bytes. */
export const printfEscape = (content: Buffer): string | null => {
  const text = content.toString('utf8');
  if (text.includes('\0') || !Buffer.from(text, 'utf8').equals(content)) return null;
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
};
