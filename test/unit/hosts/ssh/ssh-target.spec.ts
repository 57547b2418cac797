import { describe, expect, it } from '@jest/globals';
import { isHostName } from '../../../../src/hosts/ssh/ssh-target.js';

describe('A host name', () => {
  it.each([
    'devbox',
    'build-01.example.org',
    '10.0.0.7',
    '::1',
    'fe80::1%eth0',
    'bücher.example',
    'my_host',
  ])('may be %j', (name) => {
    expect(isHostName(name)).toBe(true);
  });

  it.each([
    '',
    '-oProxyCommand=id',
    'a b',
    'a\nb',
    'a\u0000b',
    'a;id',
    '$(id)',
    'user@host',
    'a'.repeat(256),
  ])('may not be %j', (name) => {
    expect(isHostName(name)).toBe(false);
  });
});
