import { execFileSync } from 'node:child_process';

import { describe, expect, it } from '@jest/globals';

import { oneLine } from '../../../../src/hosts/shell/one-line.js';
import {
  printfEscape,
  shArguments,
  shExports,
  shPath,
  shQuote,
  withNewline,
} from '../../../../src/hosts/shell/sh-quote.js';

const evaluate = (script: string): string =>
  execFileSync('/bin/sh', ['-c', script], { env: { HOME: '/home/of me' } }).toString();

describe('Quoting for POSIX sh', () => {
  const values = [
    "'",
    "''it's'",
    '$HOME`id`\\',
    'a\nb\n\n',
    '\n',
    '',
    '-e',
    '!*?~#',
    'é\u0081\t\r',
  ];

  it.each(values.map((value) => [JSON.stringify(value), value]))(
    'keeps %s on one line',
    (_, value) => {
      const script = withNewline(`printf %s ${shQuote(value)}`);
      expect(script).not.toContain('\n');
      expect(evaluate(script)).toBe(value);
    },
  );

  it('keeps arguments and variables apart', () => {
    const script = withNewline(
      `${shExports({ A: 'x y\n', B_1: "'" })} ${shArguments(['~/p', ...values])} printf '[%s]' "$A" "$B_1" "$@"`,
    );
    const all = ['x y\n', "'", '/home/of me/p', ...values];
    expect(evaluate(script)).toBe(all.map((value) => `[${value}]`).join(''));
  });

  it('expands only a leading ~ of a path', () => {
    expect(evaluate(`printf %s ${shPath('~')}`)).toBe('/home/of me');
    expect(evaluate(`printf %s ${shPath('~/a $b/~')}`)).toBe('/home/of me/a $b/~');
    expect(evaluate(`printf %s ${shPath('/~/x')}`)).toBe('/~/x');
    expect(() => shPath('a')).toThrow('Not an absolute path');
    expect(() => shPath('~root/a')).toThrow('Not an absolute path');
  });

  it('refuses what cannot be an argument or a variable', () => {
    expect(() => shQuote('a\0b')).toThrow('NUL');
    for (const name of ['', 'A-B', '1A', 'A;id', 'IFS', 'PPID', 'TMOUT', 'COLUMNS', 'UID']) {
      expect(() => shExports({ [name]: 'x' })).toThrow('Not a variable');
    }
    expect(shExports({ COLUMNS: '80' })).toBe("export COLUMNS='80';");
    expect(shExports({ USERNAME: 'ada' })).toBe("export USERNAME='ada';");
  });

  it('writes text for printf %b, and refuses bytes that are none', () => {
    const text = '\\n\\\\ %s\n\r\n\ttab é';
    const escaped = printfEscape(Buffer.from(text)) ?? '';
    expect(escaped).not.toMatch(/[\n\r]/);
    expect(evaluate(`printf '%b' ${shQuote(escaped)}`)).toBe(text);
    expect(printfEscape(Buffer.from([0x61, 0xff]))).toBeNull();
    expect(printfEscape(Buffer.from('a\0'))).toBeNull();
  });

  it('joins a script into one line without its comments', () => {
    expect(oneLine('\n  # why\n  a;\n', 'if b; then\n    c;\n  fi;')).toBe('a; if b; then c; fi;');
  });
});
