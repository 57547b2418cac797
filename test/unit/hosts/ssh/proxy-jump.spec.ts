import { describe, expect, it } from '@jest/globals';
import { parseProxyJump } from '../../../../src/hosts/ssh/ssh-config/ssh-config-jumps.js';

const at = { name: 'devbox', host: 'devbox' };

describe('A ProxyJump', () => {
  it.each([
    ['bastion', [{ host: 'bastion' }]],
    ['ann@bastion:2200', [{ user: 'ann', host: 'bastion', port: 2200 }]],
    ['one,bob@two:22', [{ host: 'one' }, { user: 'bob', host: 'two', port: 22 }]],
    ['[::1]:2200', [{ host: '::1', port: 2200 }]],
    ['ssh://ann@bastion:2200', [{ user: 'ann', host: 'bastion', port: 2200 }]],
  ])('names hosts, users and ports: %s', (value, hosts) => {
    expect(parseProxyJump(value, at)).toEqual(hosts);
  });

  it.each(['one,,two', 'bastion:ssh', '@', 'a@b@bastion', '[::1'])(
    'that is not one is refused: %s',
    (value) => {
      expect(() => parseProxyJump(value, at)).toThrow(
        expect.objectContaining({ code: 'ssh/unsupported' }),
      );
    },
  );
});
