import { describe, expect, it } from '@jest/globals';
import { ENVIRONMENT_FIELDS } from '../../../../src/hosts/shell/environment-script.js';
import { parseEnvironment } from '../../../../src/hosts/shell/login-environment.js';

const GOOD: Record<string, string> = {
  ...{ hostname: 'box', os: 'Linux x86_64', shell: '/bin/sh', home: '/home/ada', user: 'ada' },
  ...{ path: '/bin', loginPath: '/bin', takenAt: '1', way: 'ok', obstacle: '-', isSaved: 'yes' },
  variables: 'A\nB',
};
const answer = (values: Record<string, string>): Buffer =>
  Buffer.from(ENVIRONMENT_FIELDS.map((field) => `${values[field] ?? ''}\0`).join(''));

describe('What a host answers about its environment', () => {
  it('is its environment', () => {
    expect(parseEnvironment(answer(GOOD), 'box')).toMatchObject({
      ...{ hostname: 'box', shell: '/bin/sh', home: '/home/ada', variables: ['A', 'B'] },
    });
  });

  it.each([
    ['hostname', ''],
    ['shell', 'bash'],
    ['home', ''],
    ['user', ''],
    ['path', ''],
  ])('is refused by the name of the field when nobody could work in it: %s', (field, value) => {
    expect(() => parseEnvironment(answer({ ...GOOD, [field]: value }), 'box')).toThrow(
      expect.objectContaining({
        code: 'host/unsuitable',
        message: `box: its answer about the environment has no usable ${field}`,
      }),
    );
  });

  it('is refused when it is none', () => {
    expect(() => parseEnvironment(Buffer.from('box'), 'box')).toThrow(
      expect.objectContaining({ code: 'host/unsuitable', message: expect.stringMatching(/ os$/) }),
    );
  });
});
