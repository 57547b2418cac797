import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type TestAnswer } from '../../src/modules/remotes/remotes.schemas.js';
import { opensshAvailable } from '../support/openssh.js';
import { certify, fingerprintOf, makeKeyPair } from '../support/ssh-keys.js';
import { startSshd, type TestSshd } from '../support/sshd.js';
import { remoteBody, SessionsWorld } from './sessions.world.js';

const isPossible = opensshAvailable();
const onOpenssh = isPossible ? describe : describe.skip;
const needs = isPossible ? '' : ' (skipped: no sshd, or no OpenSSH client of 8.7 or newer)';

/** An `ssh` for which another file is the user's own config: it asks the account, not `$HOME`, where that is. */
const sshWith = (config: string, ssh: string): string => `#!/bin/sh
case " $* " in *" -G "*) exec ${ssh} -F ${config} "$@" ;; esac
previous=
for each in "$@"; do
  [ "$previous" = -F ] && sed -i 's|^Include ".*/[.]ssh/config"$|Include "${config}"|' "$each"
  previous=$each
done
exec ${ssh} "$@"
`;

onOpenssh(`remotes that only the system's ssh can reach${needs}`, () => {
  let dir: string;
  let world: SessionsWorld;
  const servers: TestSshd[] = [];

  const file = (name: string): string => join(dir, name);
  const start = async (directives: string[]): Promise<TestSshd> => {
    const sshd = await startSshd({ directives });
    servers.push(sshd);
    return sshd;
  };
  const test = ({ id }: Remote): Promise<TestAnswer> => world.api.post(`/remotes/${id}/test`);
  const shown = ({ id }: Remote): Promise<Remote> => world.api.get<Remote>(`/remotes/${id}`);
  const answers = async (remote: Remote): Promise<void> => {
    const session = await world.actor('ssh', await world.stage(), { remoteId: remote.id });
    const turn = await world.ended(await world.ask(session, 'over the other way'));
    expect(turn).toMatchObject({ state: 'completed', host: { kind: 'ssh', remoteId: remote.id } });
    expect(turn.text).toContain('over the other way');
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'maestro-openssh-'));
    for (const name of ['users', 'hosts', 'certified']) makeKeyPair(file(name));
    const user = execFileSync('id', ['-un']).toString().trim();
    certify(file('users'), file('certified.pub'), user, 'user');
    const ssh = execFileSync('sh', ['-c', 'command -v ssh']).toString().trim();
    await writeFile(file('ssh'), sshWith(file('config'), ssh), { mode: 0o755 });
    world = await SessionsWorld.open('embedded', {
      PATH: `${dir}:${process.env['PATH'] ?? ''}`,
    });
  }, 120_000);
  afterAll(async () => {
    await world.close();
    await Promise.all(servers.map((sshd) => sshd.stop()));
    await rm(dir, { recursive: true, force: true });
  });

  it('carry turns: one of the ssh config, over a ProxyJump, with a certificate', async () => {
    const directives = [`TrustedUserCAKeys ${file('users.pub')}`];
    const [jump, inner] = await Promise.all([start(directives), start(directives)]);
    const block = (name: string, { host, port, user }: TestSshd, ...lines: string[]): string =>
      [
        `Host ${name}`,
        `HostName ${host}`,
        `Port ${String(port)}`,
        `User ${user}`,
        `IdentityFile ${file('certified')}`,
        'IdentityAgent none',
        ...lines,
      ].join('\n  ');
    const blocks = [block('outer', jump), block('inner', inner, 'ProxyJump outer')];
    await writeFile(file('config'), `${blocks.join('\n')}\n`, { mode: 0o600 });

    const remote = await world.api.post<Remote>('/remotes', {
      name: 'certified',
      host: 'inner',
      useSshConfig: true,
    });
    expect(await test(remote)).toMatchObject({
      ok: true,
      hostKey: { fingerprint: inner.hostKeyFingerprint },
    });
    expect((await shown(remote)).state).toMatchObject({
      status: 'online',
      transport: 'openssh',
      transportReasons: ['CertificateFile'],
    });
    await answers(remote);

    // The key of the host on the way is pinned like any other.
    await jump.restart({ newHostKey: true });
    jump.cutConnections();
    const refused = await world.api.until<Remote>(
      `/remotes/${remote.id}`,
      ({ state }) => state.status === 'host-key-changed',
    );
    expect(refused.state.error?.message).toContain(String(jump.port));
  }, 120_000);

  it('carry turns: one whose server knows no key exchange that ssh2 knows, with a sealed key', async () => {
    const sshd = await start(['KexAlgorithms sntrup761x25519-sha512@openssh.com']);
    const remote = await world.api.post<Remote>(
      '/remotes',
      remoteBody(sshd, 'modern', {
        privateKeyPath: null,
        privateKey: sshd.clientKey.toString(),
      }),
    );
    expect(await test(remote)).toMatchObject({ ok: true });
    expect((await shown(remote)).state).toMatchObject({
      transport: 'openssh',
      transportReasons: ['KexAlgorithms'],
    });
    await answers(remote);
  }, 120_000);

  it('are known by the word of an authority, for the host that it certifies', async () => {
    const certified = async (principal: string, name: string): Promise<Remote> => {
      const sshd = await start([`HostCertificate ${file(`${name}-cert.pub`)}`]);
      await writeFile(file(`${name}.pub`), readFileSync(join(sshd.dir, 'host_key.pub')));
      certify(file('hosts'), file(`${name}.pub`), principal, 'host');
      await sshd.restart();
      const more = { hostKeyPolicy: 'strict' };
      const remote = await world.api.post<Remote>('/remotes', remoteBody(sshd, name, more));
      const authority = readFileSync(file('hosts.pub'), 'utf8');
      await world.api.post(`/remotes/${remote.id}/host-key/import`, {
        knownHosts: `@cert-authority [127.0.0.1]:${String(sshd.port)} ${authority}`,
      });
      return remote;
    };
    const remote = await certified('127.0.0.1', 'right');
    expect(await test(remote)).toMatchObject({ ok: true });
    expect((await shown(remote)).state).toMatchObject({
      transport: 'openssh',
      transportReasons: ['@cert-authority'],
    });
    expect(JSON.stringify(await world.api.get(`/remotes/${remote.id}/host-key`))).toContain(
      fingerprintOf(file('hosts.pub')),
    );
    await answers(remote);

    expect(await test(await certified('elsewhere.example', 'wrong'))).toMatchObject({
      ok: false,
      error: { code: 'ssh/host-key-unknown' },
    });
  }, 120_000);
});
