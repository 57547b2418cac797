import { describe, expect, it } from '@jest/globals';
import { type Link } from '../../../../src/hosts/ssh/link.js';
import { linkInTime } from '../../../../src/hosts/ssh/pool/link-in-time.js';
import { FakeLink } from '../../../support/fake-link.js';

describe('A login', () => {
  it('that succeeds too late is undone', async () => {
    const link = new FakeLink();
    let succeed!: (link: Link) => void;
    const login = new Promise<Link>((resolve) => {
      succeed = resolve;
    });
    await expect(linkInTime(login, 5, () => new Error('too late'))).rejects.toThrow('too late');
    expect(link.isAlive).toBe(true);
    succeed(link);
    await login;
    expect(link.isAlive).toBe(false);
  });
});
