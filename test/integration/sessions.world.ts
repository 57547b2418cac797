import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { type Remote } from '../../src/modules/remotes/index.js';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { isRunning } from '../../src/platform/database/embedded/process-life.js';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { type Api, turnEnded } from '../support/api.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { startStore, type Store, type StoreKind } from '../support/stores.js';

export type Place = 'local' | 'ssh';

/** Where turns are proved: this machine, and a real sshd when there is one. */
export const PLACES: readonly Place[] = sshdAvailable() ? ['local', 'ssh'] : ['local'];
export const WITHOUT_SSH = sshdAvailable() ? '' : ' (without SSH: this machine has no sshd)';

/**
 * Speaks stream-json and does what its prompt says: `gate NAME` waits for a file, `stubborn` cannot be interrupted and
 * has a child that is nobody's, in a session of its own; anything else is told back with all that it was started with.
 */
const ACTOR = `#!/usr/bin/env node
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const prompt = fs.readFileSync(0, 'utf8');
const { ACTOR_STAGE: stage, MAESTRO_SESSION_RESUMED: resumed, ACTOR_LINES: lines } = process.env;
const tell = (fact) => console.log(JSON.stringify({ ...fact, session_id: 'actor-1' }));
const end = (result) => tell({ type: 'result', subtype: 'success', is_error: false, result });
const head = prompt.slice(0, 60);
fs.appendFileSync(stage + '/starts', head.split('\\n')[0] + '\\n');
tell({ type: 'system', subtype: 'init' });
const gate = /^gate (\\S+)/.exec(head);
if (gate) {
  const look = setInterval(() => {
    if (!fs.existsSync(stage + '/' + gate[1])) return;
    clearInterval(look);
    end(head);
  }, 20);
} else if (head.startsWith('stubborn')) {
  process.on('SIGINT', () => {});
  fs.writeFileSync(stage + '/pids', process.pid + '\\n');
  const stray = 'echo $$ >>"$ACTOR_STAGE/pids"; exec sleep 600';
  spawn('setsid', ['sh', '-c', stray], { detached: true, stdio: 'ignore' });
  setInterval(() => {}, 60000);
} else {
  const sha256 = createHash('sha256').update(prompt).digest('hex');
  const args = process.argv.slice(2);
  end(JSON.stringify({ head, sha256, args, resumed: resumed ?? null, lines: lines ?? null, cwd: process.cwd() }));
}
`;

export interface Told {
  head: string;
  sha256: string;
  args: string[];
  resumed: string | null;
  lines: string | null;
  cwd: string;
}

export interface SeenEvent {
  seq: number;
  type: string;
  data: { turnId?: string; text?: string; state?: string; turn?: Partial<Turn> };
}

/** A server with a stage on which demo agents and actors play, here and behind SSH. */
export class SessionsWorld {
  private constructor(
    private readonly store: Pick<Store, 'stop'>,
    readonly server: TestServer,
    readonly dir: string,
    readonly sshd: TestSshd | null,
    readonly remote: Remote | null,
    /** Null where the embedded server hides its database. */
    readonly databaseUrl: string | null,
  ) {}

  static async open(kind: StoreKind, settings?: Record<string, string>): Promise<SessionsWorld> {
    return SessionsWorld.on(await startStore(kind), settings);
  }

  /** On a database that the test may look into. */
  static async openWithSql(settings?: Record<string, string>): Promise<SessionsWorld> {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-postgres-'));
    const postgres = await startEmbeddedPostgres({ dir, log: () => undefined, fsync: false });
    const stop = async (): Promise<void> => {
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    };
    return SessionsWorld.on({ databaseUrl: postgres.url, redisUrl: null, stop }, settings);
  }

  private static async on(
    store: Pick<Store, 'databaseUrl' | 'redisUrl' | 'stop'>,
    settings?: Record<string, string>,
  ): Promise<SessionsWorld> {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'maestro-sessions-')));
    await writeFile(join(dir, 'actor'), ACTOR);
    await chmod(join(dir, 'actor'), 0o755);
    const [server, sshd] = await Promise.all([
      startTestServer(store, settings),
      sshdAvailable() ? startSshd() : null,
    ]);
    const remote = sshd && (await server.api.post<Remote>('/remotes', remoteBody(sshd, 'devbox')));
    return new SessionsWorld(store, server, dir, sshd, remote, store.databaseUrl);
  }

  get api(): Api {
    return this.server.api;
  }

  async close(): Promise<void> {
    await this.server.stop();
    await this.sshd?.stop();
    await this.store.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** A stage: a directory of its own in which a session works. */
  async stage(): Promise<string> {
    const stage = join(this.dir, randomUUID());
    await mkdir(stage);
    return stage;
  }

  /** A demo agent; its journal and its memory are on the stage. */
  demo(place: Place, stage: string, fields: Record<string, unknown> = {}): Promise<Session> {
    const { env, ...settings } = fields as { env?: Record<string, string> };
    return this.api.post<Session>('/sessions', {
      name: 'demo',
      agent: 'demo',
      cwd: stage,
      remoteId: this.remoteIdAt(place),
      env: {
        HOME: stage,
        MAESTRO_DEMO_PACE_MS: '0',
        MAESTRO_DEMO_JOURNAL: join(stage, 'journal'),
        ...env,
      },
      ...settings,
    });
  }

  /** A demo session whose program is the actor. */
  actor(place: Place, stage: string, fields: Record<string, unknown> = {}): Promise<Session> {
    const { env, ...settings } = fields as { env?: Record<string, string> };
    const command = join(this.dir, 'actor');
    return this.demo(place, stage, { command, env: { ACTOR_STAGE: stage, ...env }, ...settings });
  }

  remoteIdAt(place: Place): string | null {
    if (place === 'local') return null;
    if (!this.remote) throw new Error('This world has no sshd');
    return this.remote.id;
  }

  ask(session: Session, prompt: string, more: object = {}): Promise<Turn> {
    return this.api.post<Turn>(`/sessions/${session.id}/turns`, { prompt, ...more });
  }

  async ended(turn: Turn, limitMs?: number): Promise<Turn> {
    return (await turnEnded(this.api, turn.id, limitMs)) as unknown as Turn;
  }

  reaches(turn: Turn, state: Turn['state']): Promise<Turn> {
    return this.api.until<Turn>(`/turns/${turn.id}`, (now) => now.state === state);
  }

  /** What an actor tells that was asked nothing else. */
  async told(session: Session, prompt: string, more: object = {}): Promise<Told> {
    const turn = await this.ended(await this.ask(session, prompt, more));
    if (turn.state !== 'completed') throw new Error(JSON.stringify({ ...turn, prompt: '' }));
    return JSON.parse(turn.text ?? '') as Told;
  }

  async events(stream: string): Promise<SeenEvent[]> {
    const events: SeenEvent[] = [];
    for (;;) {
      const after = events.at(-1)?.seq ?? 0;
      const { items } = await this.api.get<{ items: SeenEvent[] }>(
        `/events?stream=${stream}&after=${after}&limit=200`,
      );
      if (items.length === 0) return events;
      events.push(...items);
    }
  }

  /** Lets all turns go on that wait for the gate. */
  openGate(stage: string, name: string): Promise<void> {
    return writeFile(join(stage, name), '');
  }

  /** The first lines of the prompts that actors were started with on a stage, in order. */
  async starts(stage: string): Promise<string[]> {
    return (await textOf(join(stage, 'starts'))).split('\n').filter((line) => line !== '');
  }

  /** How often demo agents were started on a stage. */
  async demoStarts(stage: string): Promise<number> {
    return (await textOf(join(stage, 'journal'))).split('"event":"start"').length - 1;
  }

  async pids(stage: string): Promise<number[]> {
    const path = join(stage, 'pids');
    await eventually(async () => (await textOf(path)).split('\n').length > 2);
    return (await textOf(path)).trim().split('\n').map(Number);
  }

  async sql(statement: string, params: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.databaseUrl ?? '' });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement, params)).rows;
    } finally {
      await client.end();
    }
  }
}

export const remoteBody = (sshd: TestSshd, name: string, more: object = {}): object => ({
  name,
  host: sshd.host,
  port: sshd.port,
  username: sshd.user,
  privateKeyPath: sshd.clientKeyPath,
  ...more,
});

export const alive = (pids: readonly number[]): number[] => pids.filter(isRunning);

export const eventually = async (condition: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('It did not come to it in 30 s');
    await pause(50);
  }
};

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
