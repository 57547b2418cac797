import { afterEach, describe, expect, it } from '@jest/globals';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { type SshFailure } from '../../src/hosts/ssh/errors.js';
import { type ConnectionPool } from '../../src/hosts/ssh/pool/connection-pool.js';
import { type PoolState } from '../../src/hosts/ssh/pool/pool-state.js';
import { readPrivateKey } from '../../src/hosts/ssh/private-keys.js';
import { type HostKeyVerifier, type SshTarget } from '../../src/hosts/ssh/ssh-target.js';
import { poolFor, rejectionOf, runLine } from '../support/ssh-pool.js';
import { sshdAvailable } from '../support/sshd.js';
import { failsAlike, Trouble } from './ssh-failures.contract.js';

const onSshd = sshdAvailable() ? describe : describe.skip;
const needs = sshdAvailable() ? '' : ' (skipped: no sshd on this machine)';
const at = { name: 'devbox', host: 'devbox' };

onSshd(`What is wrong between here and a remote${needs}`, () => {
  const trouble = new Trouble();
  let pool: ConnectionPool | null = null;
  const states: PoolState[] = [];

  afterEach(async () => {
    await pool?.close();
    pool = null;
    states.length = 0;
  });

  const failure = async (
    changes: Partial<SshTarget>,
    verifyHostKey?: HostKeyVerifier,
  ): Promise<SshFailure> => {
    await pool?.close();
    const onState = (state: PoolState): number => states.push(state);
    pool = poolFor(trouble.sshd, { changes, onState, ...(verifyHostKey && { verifyHostKey }) });
    return (await rejectionOf(pool.open('start'))) as SshFailure;
  };

  failsAlike(trouble, failure);

  it('a host that refuses is offline', async () => {
    await failure({ port: await trouble.closedPort() });
    expect(states.map(({ status }) => status)).toEqual(['connecting', 'offline']);
  });

  it('a public key in place of a private one is named as such', async () => {
    const privateKeys = [trouble.keyAt(`${trouble.sshd.clientKeyPath}.pub`)];
    expect(await failure({ privateKeys })).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining('public key'),
    });
  });

  it('a key that the server does not know is a failed login, and is not tried again', async () => {
    const stranger = trouble.newKey('alien');
    const error = await failure({ privateKeys: [trouble.keyAt(stranger)] });
    expect(states.at(-1)?.status).toBe('auth-failed');
    const log = trouble.sshd.log();
    await expect(pool?.open('start')).rejects.toBe(error);
    expect(trouble.sshd.log()).toBe(log);
  });

  it('a user that does not exist is a failed login', async () => {
    expect(await failure({ username: 'nobody-of-that-name' })).toMatchObject({
      code: 'ssh/auth-failed',
    });
  });

  it('an agent that does not answer does no harm when a key opens the door', async () => {
    pool = poolFor(trouble.sshd, { changes: { agentSocket: join(trouble.sshd.dir, 'no-agent') } });
    expect((await runLine(await pool.open('start'), 'echo in')).output).toBe('in\n');
  });

  it('a key file that is missing or open to others is not read', async () => {
    await expect(readPrivateKey(join(trouble.sshd.dir, 'missing'), at)).rejects.toMatchObject({
      code: 'ssh/key-not-found',
    });
    const open = trouble.newKey('open');
    chmodSync(open, 0o644);
    await expect(readPrivateKey(open, at)).rejects.toMatchObject({
      code: 'ssh/key-permissions',
      hint: expect.stringContaining('chmod 600'),
    });
  });
});
