import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type Host, localHost, sshHost, type SshHost } from '../../hosts/index.js';
import { CONFIG, type Config } from '../../platform/config/index.js';
import { HostKeys } from './host-keys.js';
import { RemoteStates } from './remote-states.js';
import { RemoteTargets } from './remote-targets.js';
import { RemoteDisabled, RemoteNotFound } from './remotes.errors.js';
import { type RemoteRow } from './storage/remote.entity.js';
import { RemotesRepository } from './storage/remotes.repository.js';

/**
 * The only way from a session to a place of work. A remote that is gone or disabled is refused: nothing meant for it
 * ever runs on this machine.
 */
@Injectable()
export class RemoteHosts implements OnModuleDestroy {
  private readonly local: Host;
  private readonly open = new Map<string, { settings: string; host: SshHost }>();

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
    if (remoteId === null) return this.local;
    const row = await this.remotes.find(remoteId);
    if (!row) {
      await this.forget(remoteId);
      throw new RemoteNotFound(remoteId);
    }
    if (!row.enabled) {
      await this.forget(remoteId);
      throw new RemoteDisabled(row.name);
    }
    return this.hostOf(row);
  }

  /** Lets the next use try again after a fault that only a person can heal. */
  reset(remoteId: string): void {
    this.open.get(remoteId)?.host.reset();
  }

  async forget(remoteId: string): Promise<void> {
    const known = this.open.get(remoteId);
    this.open.delete(remoteId);
    await known?.host.close();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.open.keys()].map((remoteId) => this.forget(remoteId)));
  }

  private hostOf(row: RemoteRow): Host {
    const settings = settingsOf(row);
    const known = this.open.get(row.id);
    if (known?.settings === settings) return known.host;
    // Runs over the old connections see them end, and attach again over the new ones.
    if (known) void known.host.close();
    const host = sshHost({
      id: row.id,
      name: row.name,
      target: async () => this.targets.ofRow((await this.remotes.find(row.id)) ?? row),
      verifyHostKey: (key) => this.hostKeys.verify(row.id, key),
      onState: (state) => void this.states.report(row.id, state),
    });
    this.open.set(row.id, { settings, host });
    return host;
  }
}

/** What makes another connection necessary when it changes. */
const settingsOf = (row: RemoteRow): string =>
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
