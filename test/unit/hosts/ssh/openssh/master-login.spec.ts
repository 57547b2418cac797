import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostKeyQuestions } from '../../../../../src/hosts/ssh/openssh/host-key-questions.js';
import { LoginTranscript } from '../../../../../src/hosts/ssh/openssh/login-transcript.js';
import { logIn } from '../../../../../src/hosts/ssh/openssh/master-login.js';
import { MasterProcess } from '../../../../../src/hosts/ssh/openssh/master-process.js';
import { wireString } from '../../../../../src/hosts/ssh/openssh/wire-format.js';
import { KeyRing } from '../../../../../src/hosts/ssh/private-keys.js';
import { rejectionOf } from '../../../../support/ssh-pool.js';

/** In place of `ssh`: has the host key of devbox judged, as `ssh` does, and says what became of it. */
const asking = (blob: Buffer): string => `#!/bin/sh
while [ "$1" != -F ]; do shift; done
key=$(sh "\${2%/*}/ask" HOSTNAME devbox 22 ${blob.toString('base64')})
[ -n "$key" ] || { echo 'Host key verification failed.' >&2; exit 255; }
echo 'ssh: connect to host devbox port 22: Connection refused' >&2
exit 255
`;

describe('A login by an ssh', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'login-'));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await rm(directory, { recursive: true });
  });

  const failureFor = async (blob: Buffer): Promise<unknown> => {
    const sshPath = join(directory, 'ssh');
    await writeFile(sshPath, asking(blob), { mode: 0o700 });
    const target = {
      ...{ id: '1', name: 'devbox', host: 'devbox', port: 22, username: 'alice' },
      privateKeys: [],
      connectTimeoutMs: 60_000,
      openssh: { sshPath, config: { alias: 'devbox', path: 'none' } },
    };
    return rejectionOf(logIn(target, new KeyRing(), async () => 'accept'));
  };
  const plain = Buffer.concat([wireString('ssh-ed25519'), wireString(Buffer.alloc(32, 7))]);

  it('goes on when the host key is accepted', async () => {
    expect(await failureFor(plain)).toMatchObject({ code: 'ssh/refused' });
  });

  it('is not supported when the host shows a certificate of a kind that nobody knows here', async () => {
    const kind = 'ssh-xmss-cert-v01@openssh.com';
    expect(await failureFor(wireString(kind))).toMatchObject({
      code: 'ssh/unsupported',
      message: expect.stringContaining(kind),
    });
  });

  it('ends with the reason when the verdict cannot be told', async () => {
    const fault = Object.assign(new Error('broken pipe'), { code: 'EPIPE' });
    jest.spyOn(HostKeyQuestions.prototype, 'answer').mockRejectedValue(fault);
    expect(await failureFor(plain)).toBe(fault);
  });

  it('ends although its directory cannot be removed', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const lines: string[] = [];
    const master = new MasterProcess({
      sshPath: 'sh',
      args: ['-c', 'echo goodbye >&2'],
      environment: { PATH: '/usr/bin:/bin' },
      directory: join(file, 'none'),
      onLine: (line) => lines.push(line),
    });
    await master.ended;
    expect(lines).toEqual(['goodbye']);
    expect(await readdir(directory)).toEqual(['file']);
  });
});

describe('What an ssh says after its login', () => {
  it('is kept for its last words only, without its log', () => {
    const transcript = new LoginTranscript();
    transcript.read('debug1: Connecting to devbox [10.0.0.7] port 22.');
    transcript.hear('debug1: Remote protocol version 2.0');
    transcript.hear('Timeout, server devbox not responding.\r');
    transcript.hear('debug1: channel 0: free');
    expect(transcript.phase).toBe('connecting');
    expect(transcript.words).toEqual(['Timeout, server devbox not responding.']);
  });
});
