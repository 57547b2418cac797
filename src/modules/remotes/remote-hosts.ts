import { setMaxListeners } from 'node:events';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type Host, localHost, sshHost, type SshHost } from '../../hosts/index.js';
import { CONFIG, type Config } from '../../platform/config/index.js';
import { DomainError } from '../../platform/errors/index.js';
import { HostKeys } from './host-keys.js';
import { RemoteStates } from './remote-states.js';
import { RemoteTargets } from './remote-targets.js';
import { RemoteDisabled, RemoteNotFound } from './remotes.errors.js';
import { type RemoteRow } from './storage/remote.entity.js';
import { RemotesRepository } from './storage/remotes.repository.js';

interface OpenHost {
  settings: string;
  /** Of the row that it follows: one that was read before it says nothing. */
  updatedAt: Date;
  /** Since when the remote is in a state in which it may be tried: each such state lets this process try anew. */
  triedSince: string;
  host: SshHost;
  /** When its use was recorded last. */
  usedAt: number;
}

const RECORD_USE_MS = 10 * 60_000;

/**
 * The only way from a session to a place of work. A remote that is gone or disabled is refused: nothing meant for it
 * ever runs on this machine.
 */
@Injectable()
export class RemoteHosts implements OnModuleDestroy {
  private readonly local: Host;
  private readonly open = new Map<string, OpenHost>();
  private localWasUsed = false;
  private readonly retirements = new WeakMap<Host, AbortController>();

  constructor(
    private readonly remotes: RemotesRepository,
    private readonly targets: RemoteTargets,
    private readonly hostKeys: HostKeys,
    private readonly states: RemoteStates,
    @Inject(CONFIG) { localEnvironment }: Config,
  ) {
    this.local = localHost({ environment: localEnvironment });
  }

  /** @param remoteId null is this machine. */
  async resolve(remoteId: string | null): Promise<Host> {
    if (remoteId === null) {
      this.localWasUsed = true;
      return this.local;
    }
    try {
      const host = this.hostOf(await this.usable(remoteId));
      await this.recordUse(remoteId);
      return host;
    } catch (error) {
      if (error instanceof DomainError) await this.forget(remoteId);
      throw error;
    }
  }

  /** For whoever watches it: nobody has anything to do on it by that. */
  async adopt(remoteId: string): Promise<void> {
    this.hostOf(await this.usable(remoteId));
  }

  /** The hosts that this process has worked on and may still work on. */
  inUse(): Host[] {
    const remotes = [...this.open.values()].map(({ host }) => host);
    return this.localWasUsed ? [this.local, ...remotes] : remotes;
  }

  /** Aborted when the host was replaced, disabled or deleted: whoever follows a run over it must resolve it anew. */
  retirementOf(host: Host): AbortSignal {
    return this.retirement(host).signal;
  }

  /** Lets the next use try again after a fault that only a person can heal. */
  reset(remoteId: string): void {
    this.states.retract(remoteId);
    this.open.get(remoteId)?.host.reset();
  }

  async forget(remoteId: string): Promise<void> {
    const known = this.open.get(remoteId);
    this.open.delete(remoteId);
    if (known) await this.retire(known.host);
    await this.states.withdraw(remoteId);
  }

  /** The ids of the remotes that this process has to do with. */
  remotesInUse(): string[] {
    return [...this.open.keys()];
  }

  /** Takes in what other processes or persons have changed about them, and answers with those that may be used. */
  async refresh(): Promise<RemoteRow[]> {
    // One that comes into use meanwhile is not among the rows, and is no less in use.
    const remoteIds = this.remotesInUse();
    const rows = await this.remotes.findAll(remoteIds);
    const usable = new Map(rows.filter(({ enabled }) => enabled).map((row) => [row.id, row]));
    for (const remoteId of remoteIds) {
      const row = usable.get(remoteId);
      if (row) this.hostOf(row);
      else await this.forget(remoteId);
    }
    return [...usable.values()];
  }

  /** While watched, a remote is connected to again by itself, and its last connection stays. */
  watch(remoteId: string, isWatched: boolean): void {
    this.open.get(remoteId)?.host.watch(isWatched);
  }

  /** Nobody needs it any more: its connection ends when it is idle, and what was said of it is withdrawn. */
  async rest(remoteId: string): Promise<void> {
    this.watch(remoteId, false);
    if (await this.states.rest(remoteId)) this.open.get(remoteId)?.host.reset();
  }

  /** `listener` is told in this process when it has found that a remote may be used again. */
  whenUsable(listener: (remoteId: string) => void): void {
    this.states.whenUsable(listener);
  }

  /** What was reported stays until another process, or the next start, takes over. */
  async onModuleDestroy(): Promise<void> {
    const hosts = [...this.open.values()];
    this.open.clear();
    await Promise.all(hosts.map(({ host }) => this.retire(host)));
  }

  private async usable(remoteId: string): Promise<RemoteRow> {
    const row = await this.remotes.find(remoteId);
    if (!row) throw new RemoteNotFound(remoteId);
    if (!row.enabled) throw new RemoteDisabled(row.name);
    return row;
  }

  private async recordUse(remoteId: string): Promise<void> {
    const known = this.open.get(remoteId);
    if (!known || Date.now() - known.usedAt < RECORD_USE_MS) return;
    known.usedAt = Date.now();
    await this.remotes.used(remoteId);
  }

  private async retire(host: SshHost): Promise<void> {
    this.retirement(host).abort();
    await host.close();
  }

  private retirement(host: Host): AbortController {
    const known = this.retirements.get(host) ?? new AbortController();
    this.retirements.set(host, known);
    // Every turn on the host listens; that is no leak.
    setMaxListeners(0, known.signal);
    return known;
  }

  private hostOf(row: RemoteRow): Host {
    const known = this.open.get(row.id);
    if (known && row.updatedAt < known.updatedAt) return known.host;
    const settings = settingsOf(row);
    const { status, since } = row.state;
    if (known?.settings === settings) {
      known.updatedAt = row.updatedAt;
      // Another process has reached it, or a person has mended it: what this one was refused for may be over.
      if (MAY_BE_MENDED.has(status) && known.triedSince !== since) {
        known.triedSince = since;
        this.reset(row.id);
      }
      return known.host;
    }
    if (known) {
      this.states.unsay(row.id);
      void this.retire(known.host).catch(() => undefined);
    }
    const host = sshHost({
      id: row.id,
      name: row.name,
      target: async () => {
        const now = await this.usable(row.id);
        return this.hostKeys.prepare(now, await this.targets.ofRow(now));
      },
      verifyHostKey: (key, hop, target) => this.hostKeys.verify(row, key, hop, target),
      onState: (state) => void this.states.report(row.id, state),
    });
    this.open.set(row.id, {
      settings,
      updatedAt: row.updatedAt,
      triedSince: since,
      host,
      usedAt: -Infinity,
    });
    return host;
  }
}

const MAY_BE_MENDED: ReadonlySet<RemoteRow['state']['status']> = new Set([
  'online',
  'degraded',
  'unknown',
]);

/** What makes another connection necessary when it changes. */
export const settingsOf = (row: RemoteRow): string =>
  JSON.stringify([
    row.name,
    row.host,
    row.port,
    row.username,
    row.privateKeyPath,
    row.privateKey,
    row.passphrase,
    row.useSshConfig,
    row.hostKeyPolicy,
  ]);
