import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Api } from '../support/api.js';
import { BuiltServer, makeHome } from '../support/built-server.js';
import { startStore, type Store, type StoreKind } from '../support/stores.js';
import { ChaosRemote, type LinkFault, type ServerName } from './chaos-remote.js';
import { type FaultChoice } from './fault-schedule.js';

export type ServerFault =
  'kill server' | 'hang server' | 'flush Redis' | 'restart Redis' | 'crash PostgreSQL';

/** A driver that hangs for longer finds that others have taken its turns. */
const LEASE_MS = 3_000;

/** The built server with its stores, as one process or as an api and two workers, and remotes with bad links. */
export class ServerWorld {
  readonly remoteIds = new Map<string, string>();
  private readonly servers = new Map<string, BuiltServer>();

  private constructor(
    readonly dir: string,
    private readonly store: Store,
    readonly remotes: readonly ChaosRemote[],
  ) {}

  static async start(kind: StoreKind, names: readonly ServerName[]): Promise<ServerWorld> {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'maestro-chaos-')));
    const store = await startStore(kind, { fsync: true });
    const remotes: ChaosRemote[] = [];
    for (const name of names) remotes.push(await ChaosRemote.start(name));
    const world = new ServerWorld(dir, store, remotes);
    await makeHome(world.home);
    const settings = {
      // Where the runs of this machine are kept: it is one machine, and one user.
      HOME: world.home,
      MAESTRO_SECRET_KEY: 'one key for all processes',
      MAESTRO_LEASE_MS: String(LEASE_MS),
      MAESTRO_SWEEP_MS: '500',
    };
    const start = async (name: string, role: 'all' | 'api' | 'worker'): Promise<void> => {
      world.servers.set(name, await BuiltServer.start({ store, role, settings }));
    };
    await start('server', kind === 'embedded' ? 'all' : 'api');
    if (kind === 'external') {
      await Promise.all(['worker 1', 'worker 2'].map((name) => start(name, 'worker')));
    }
    for (const remote of remotes) await world.register(remote);
    return world;
  }

  get api(): Api {
    return this.server('server').api;
  }

  /** Of the agents on this machine. */
  get home(): string {
    return join(this.dir, 'home');
  }

  /** What its agents write of themselves. */
  get journal(): string {
    return join(this.dir, 'journal');
  }

  get faults(): FaultChoice<ServerFault | LinkFault>[] {
    // By name: which of them was up first decides nothing.
    const servers = [...this.servers.keys()].sort();
    const workers = servers.length === 1 ? servers : servers.slice(1);
    const choices: FaultChoice<ServerFault | LinkFault>[] = [
      { kind: 'kill server', targets: servers, lastsMs: [0, 1_000] },
      { kind: 'hang server', targets: workers, lastsMs: [500, LEASE_MS + 2_000] },
      { kind: 'crash PostgreSQL', targets: ['PostgreSQL'] },
    ];
    if (this.store.redis) {
      choices.push(
        { kind: 'flush Redis', targets: ['Redis'] },
        { kind: 'restart Redis', targets: ['Redis'], lastsMs: [0, 1_000] },
      );
    }
    if (this.remotes.length === 0) return choices;
    const links = ChaosRemote.faultsOf(this.remotes.map(({ name }) => name));
    // What a gap leaves is found out by keepalive, whose default is slower than a round.
    return [...choices, ...links.filter(({ kind }) => kind !== 'gap')];
  }

  /** Resolves when it is over, and all is there again that was there before. */
  async inflict(
    kind: ServerFault | LinkFault,
    target: string,
    lastsMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const lasts = (): Promise<unknown> =>
      delay(lastsMs, undefined, { signal }).catch(() => undefined);
    switch (kind) {
      case 'kill server':
        await this.server(target).kill();
        await lasts();
        await this.startAgain(target);
        return;
      case 'hang server': {
        const { pid } = this.server(target);
        process.kill(pid, 'SIGSTOP');
        await lasts();
        process.kill(pid, 'SIGCONT');
        return;
      }
      case 'flush Redis': {
        const redis = this.store.redis?.connect();
        await redis?.flushall();
        redis?.disconnect();
        return;
      }
      case 'restart Redis':
        await this.store.redis?.restart(lasts);
        return;
      case 'crash PostgreSQL': {
        const pid = await this.postgresPid();
        try {
          // An immediate shutdown, which is recovered from as from a crash.
          if (pid !== null) process.kill(pid, 'SIGQUIT');
        } catch {
          // It is only just coming back from the last time.
        }
        return;
      }
      case 'cut':
      case 'black hole':
      case 'gap':
      case 'hang':
      case 'outage':
      case 'kill sessions':
      case 'restart sshd':
        await this.remote(target).inflict(kind, lastsMs, signal);
    }
  }

  /** Ends all servers, so that only what was left behind is there. */
  async stopServers(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
  }

  async stop(): Promise<void> {
    await this.stopServers();
    await Promise.all(this.remotes.map((remote) => remote.stop()));
    await this.store.stop();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  private async register(remote: ChaosRemote): Promise<void> {
    await makeHome(remote.home);
    const { name, port, server } = remote;
    const { id } = await this.api.post<{ id: string }>('/remotes', {
      ...{ name, host: server.host, port, username: server.username },
      privateKeyPath: server.clientKeyPath,
    });
    this.remoteIds.set(name, id);
  }

  /** As a service manager does: again and again until it is there. */
  private async startAgain(name: string): Promise<void> {
    for (let left = 20; ; left -= 1) {
      try {
        await this.server(name).start();
        return;
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  }

  /** Null while it is not there. */
  private async postgresPid(): Promise<number | null> {
    if (this.store.postgres) return this.store.postgres.pid;
    const path = join(this.server('server').dataDir, 'postgres/cluster/postmaster.pid');
    const pid = Number((await readFile(path, 'utf8').catch(() => '')).split('\n')[0]);
    return pid > 1 ? pid : null;
  }

  private server(name: string): BuiltServer {
    const server = this.servers.get(name);
    if (!server) throw new Error(`No server ${name}`);
    return server;
  }

  private remote(name: string): ChaosRemote {
    const remote = this.remotes.find((each) => each.name === name);
    if (!remote) throw new Error(`No remote ${name}`);
    return remote;
  }
}
