import { afterEach, describe, expect, it } from '@jest/globals';
import { aRemote } from './answers.js';
import { FakeServer, maestro } from './fake-server.js';

const ED25519 = { type: 'ssh-ed25519', fingerprint: `SHA256:${'e'.repeat(43)}`, authority: false };
const RSA = { type: 'ssh-rsa', fingerprint: `SHA256:${'r'.repeat(43)}`, authority: false };
const CA = { type: 'ssh-ed25519', fingerprint: `SHA256:${'c'.repeat(43)}`, authority: true };
const HOST_KEY = '/remotes/019a0000-0000-7000-8000-0000000000b1/host-key';
const keys = {
  pinned: ED25519,
  offered: RSA,
  hops: [{ host: 'bastion:22', pinned: CA, offered: CA }],
  imported: [{ host: null, marker: 'revoked', type: RSA.type, fingerprint: RSA.fingerprint }],
};

describe('the host keys of a remote, on the command line', () => {
  let server: FakeServer;
  afterEach(() => server.stop());

  const setup = async (): Promise<void> => {
    server = (await FakeServer.start()).list('/remotes', [aRemote()]);
  };

  it('are shown with what was offered last, of the hosts on the way, too', async () => {
    await setup();
    server.on(`GET ${HOST_KEY}`, { body: keys });
    const { stdout, exitCode } = await maestro(server, ['remotes', 'host-key', 'show', 'box']);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['HOST', 'IS', 'TYPE', 'FINGERPRINT'],
      ['the remote', 'pinned', ED25519.type, ED25519.fingerprint],
      ['the remote', 'offered', RSA.type, RSA.fingerprint],
      ['bastion:22', 'pinned authority', CA.type, CA.fingerprint],
      ['the remote', 'revoked', RSA.type, RSA.fingerprint],
      [''],
    ]);
  });

  it('are accepted by the fingerprint that a person has compared', async () => {
    await setup();
    server.on(`POST ${HOST_KEY}/accept`, { body: keys });
    const { fingerprint } = RSA;
    const argv = ['remotes', 'host-key', 'accept', 'box', fingerprint];
    expect((await maestro(server, argv)).exitCode).toBe(0);
    expect(server.calls.at(-1)?.body).toEqual({ fingerprint });
  });

  it('are taken from what ssh-keyscan prints, on standard input', async () => {
    await setup();
    const taken = [{ host: null, marker: null, ...ED25519 }];
    server.on(`POST ${HOST_KEY}/import`, {
      body: { taken, otherLines: 2, unreadableLines: 1, hostKeys: keys },
    });
    const scan = '# box:22 SSH-2.0\nbox ssh-ed25519 AAAA\n';
    for (const more of [[], ['-']]) {
      const argv = ['remotes', 'host-key', 'import', 'box', ...more];
      const { stdout } = await maestro(server, argv, { stdin: scan });
      expect(server.calls.at(-1)?.body).toEqual({ knownHosts: scan });
      expect(stdout).toContain(`pinned  ssh-ed25519  ${ED25519.fingerprint}`);
      expect(stdout).toContain('2 other lines, 1 that are no line of a known_hosts file');
    }
    const missing = ['remotes', 'host-key', 'import', 'box', '/no/such/file'];
    expect((await maestro(server, missing)).exitCode).toBe(2);
  });

  it('are forgotten', async () => {
    await setup();
    server.on(`DELETE ${HOST_KEY}`, { body: keys });
    const { stdout } = await maestro(server, ['remotes', 'host-key', 'forget', 'box']);
    expect(stdout).toBe('The host keys of box are forgotten\n');
    expect(server.calls.at(-1)).toMatchObject({ method: 'DELETE', path: HOST_KEY });
  });
});
