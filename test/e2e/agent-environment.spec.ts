import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SeenTurn, turnEnded } from '../support/api.js';
import { BuiltServer } from '../support/built-server.js';
import { opensshAvailable } from '../support/openssh.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { type Markers, markersIn } from './leaks.js';

const secret = (name: string): string => `${name}-${randomBytes(12).toString('hex')}`;

/** In the environment of the server, and of no business of an agent. */
const OF_THE_SERVER = {
  MAESTRO_ADMIN_TOKEN: `mst_${secret('admin')}`,
  MAESTRO_SECRET_KEY: secret('secret-key'),
  MAESTRO_DEMO_TOKEN: secret('demo'),
  NODE_OPTIONS: `--title=${secret('node-options')}`,
  NODE_PATH: `/${secret('node-path')}`,
  ANTHROPIC_API_KEY: secret('api-key'),
  AWS_SECRET_ACCESS_KEY: secret('cloud'),
  LC_MAESTRO: secret('locale'),
  WHATEVER: secret('whatever'),
};

/** All that an agent can know of its surroundings: its own variables, and those of the process that started it. */
const TELL_ALL = 'env; tr "\\0" "\\n" <"/proc/$PPID/environ" || :';
const SAYS_ITS_ENVIRONMENT = {
  ...{ agent: 'custom', command: '/bin/sh', args: ['-c', TELL_ALL] },
  custom: { prompt: 'stdin', output: { format: 'text' } },
};

/** What makes the system's `ssh` the only one that can connect: ssh2 does not know it. */
const FOR_THE_CLIENT = 'KexAlgorithms sntrup761x25519-sha512@openssh.com';
/** Servers that take every variable, from a client that would send all of its own. */
const OPEN_SERVER = 'AcceptEnv *';
const OPEN_CLIENT = '#!/bin/sh\nexec "$(PATH=${PATH#*:}; command -v ssh)" -o "SendEnv=*" "$@"\n';

const places = [
  { place: 'this host', isThere: true, directives: null },
  { place: 'a remote', isThere: sshdAvailable(), directives: [OPEN_SERVER] },
  {
    place: "a remote by the system's ssh",
    isThere: opensshAvailable(),
    directives: [OPEN_SERVER, FOR_THE_CLIENT],
  },
];

describe('The environment of the server', () => {
  let dir: string;
  let server: BuiltServer;
  const sshds: TestSshd[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'maestro-inherited-'));
    await mkdir(join(dir, 'bin'));
    await writeFile(join(dir, 'bin', 'ssh'), OPEN_CLIENT, { mode: 0o755 });
    const PATH = `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}`;
    server = await BuiltServer.start({ settings: { ...OF_THE_SERVER, PATH } });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await Promise.all(sshds.map((sshd) => sshd.stop()));
    await rm(dir, { recursive: true, force: true });
  });

  const api = () => server.apiAs(OF_THE_SERVER.MAESTRO_ADMIN_TOKEN);
  const register = async (directives: string[]): Promise<string> => {
    const sshd = await startSshd({ directives });
    sshds.push(sshd);
    const remote = await api().post<{ id: string }>('/remotes', {
      ...{ name: secret('remote'), host: sshd.host, port: sshd.port, username: sshd.user },
      privateKeyPath: sshd.clientKeyPath,
    });
    return remote.id;
  };
  /** What an agent there knows. */
  const knownOn = async (remoteId: string | null, env: object): Promise<string> => {
    const session = await api().post<{ id: string }>('/sessions', {
      ...{ ...SAYS_ITS_ENVIRONMENT, name: `On ${String(remoteId)}`, cwd: dir, remoteId, env },
    });
    const sent = await api().post<SeenTurn>(`/sessions/${session.id}/turns`, { prompt: 'Well?' });
    const turn = await turnEnded(api(), sent.id);
    expect(turn).toMatchObject({ state: 'completed', host: { remoteId } });
    return turn.text ?? '';
  };

  for (const { place, isThere, directives } of places) {
    const title = `reaches no agent on ${place}`;
    if (!isThere) {
      it.skip(`${title} (skipped: this machine lacks what that needs)`, () => undefined);
      continue;
    }
    it(
      title,
      async () => {
        const remoteId = directives === null ? null : await register(directives);
        const own = secret('own');
        const known = await knownOn(remoteId, { OWN: own });
        expect(markersIn(known, { own })).toEqual(['own']);
        const markers: Markers = { ...OF_THE_SERVER, dataDir: server.dataDir };
        expect(markersIn(known, markers)).toEqual([]);
        const names = [...known.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
        expect(names).toContain('MAESTRO_RUN');
        const strangers = names.filter((name) =>
          /^(?:MAESTRO_|NODE_|npm_|DATABASE_|REDIS_)/.test(name ?? ''),
        );
        expect([...new Set(strangers)]).toEqual(['MAESTRO_RUN']);
        if (remoteId === null) return;
        const transport = directives?.includes(FOR_THE_CLIENT) ? 'openssh' : 'ssh2';
        expect(await api().get(`/remotes/${remoteId}`)).toMatchObject({ state: { transport } });
      },
      180_000,
    );
  }
});
