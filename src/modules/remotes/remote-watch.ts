import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Presence } from '../../platform/queue/index.js';
import { RemoteHosts } from './remote-hosts.js';
import { RemoteStates } from './remote-states.js';
import { RemoteReportsRepository } from './storage/remote-reports.repository.js';

const LOOK_MS = 5_000;

/**
 * Sees to it that somebody watches every remote in use: of the processes that have to do with a remote, the oldest keeps
 * a connection to it and makes it again when it is lost. Takes over what processes watched that are gone, also those of
 * before a restart of the server.
 */
@Injectable()
export class RemoteWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(RemoteWatch.name);
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly hosts: RemoteHosts,
    private readonly states: RemoteStates,
    private readonly reports: RemoteReportsRepository,
    private readonly presence: Presence,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.timer = setInterval(() => void this.look(), LOOK_MS);
    await this.look();
  }

  async onModuleDestroy(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    await this.looking;
  }

  /** Never throws, and is never done twice at the same time. */
  look(): Promise<void> {
    this.looking ??= this.lookOnce()
      .catch((error: unknown) => {
        this.log.warn({ message: 'remotes not watched', reason: String(error) });
      })
      .finally(() => (this.looking = null));
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    for (const remoteId of await this.states.takeOver()) {
      await this.hosts.resolve(remoteId).catch(() => this.states.withdraw(remoteId));
    }
    await this.hosts.refresh();
    const remotes = this.hosts.remotesInUse();
    if (remotes.length === 0) return;
    const me = await this.presence.number();
    const reporters = await this.reports.reporters(remotes);
    for (const remoteId of remotes) {
      if (this.timer === null) return;
      const workers = reporters.get(remoteId) ?? [];
      this.hosts.watch(remoteId, workers[0] === me);
      if (!workers.includes(me)) await this.states.repeat(remoteId);
    }
  }
}
