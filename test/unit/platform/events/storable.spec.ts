import { describe, expect, it } from '@jest/globals';
import { storable, storableText } from '../../../../src/platform/events/storable.js';

describe('text that PostgreSQL can hold', () => {
  it('has neither NUL nor halves of characters, and all else', () => {
    expect(storableText('a\0b\uD800c\uDC00d')).toBe('a\uFFFDb\uFFFDc\uFFFDd');
    const whole = 'ünïcödé 🙂\n\t\u0001\u2028';
    expect(storableText(whole)).toBe(whole);
  });

  it('is made of every string of a value, also of its names', () => {
    const at = new Date(0);
    expect(
      storable({ 'a\0': ['\0', { b: '\uD83D' }], at, n: 1, no: null, yes: true, u: undefined }),
    ).toEqual({ 'a\uFFFD': ['\uFFFD', { b: '\uFFFD' }], at, n: 1, no: null, yes: true });
  });
});
