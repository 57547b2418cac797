import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { type Config, CONFIG } from '../../platform/config/index.js';
import { Presence } from '../../platform/queue/index.js';
import { credentialsMark } from './credential-files.js';
import { RemoteHosts } from './remote-hosts.js';
import { RemoteStates } from './remote-states.js';
import { RemoteReportsRepository } from './storage/remote-reports.repository.js';
import { type RemoteRow } from './storage/remote.entity.js';
import { RemotesRepository } from './storage/remotes.repository.js';

const LOOK_MS = 5_000;

/**
 * Sees to it that somebody watches every remote that has a turn to do, or was used in the last 24 hours: of the processes that have to do with a remote, the oldest keeps
 * a connection to it and makes it again when it is lost. Takes over what processes watched that are gone, also those of
 * before a restart of the server. A login that was refused is tried again when the files have changed that it is made
 * from.
 */
@Injectable()
export class RemoteWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(RemoteWatch.name);
  /** What the refused logins were made from, by remote and time. */
  private readonly refused = new Map<string, string>();
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly hosts: RemoteHosts,
    private readonly states: RemoteStates,
    private readonly remotes: RemotesRepository,
    private readonly reports: RemoteReportsRepository,
    private readonly presence: Presence,
    @Inject(CONFIG) private readonly config: Config,
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
      await this.hosts.adopt(remoteId).catch(() => this.states.withdraw(remoteId));
    }
    const rows = await this.hosts.refresh();
    if (rows.length === 0) return;
    await this.lookAtCredentials(rows);
    const remotes = rows.map(({ id }) => id);
    const me = await this.presence.number();
    const used = new Set(await this.remotes.usedLately(remotes));
    const reporters = await this.reports.reporters(remotes);
    for (const remoteId of remotes) {
      if (this.timer === null) return;
      if (!used.has(remoteId)) {
        await this.hosts.rest(remoteId);
        continue;
      }
      const workers = reporters.get(remoteId) ?? [];
      if (workers[0] !== undefined) this.hosts.watch(remoteId, workers[0] === me);
      if (!workers.includes(me)) await this.states.repeat(remoteId);
    }
  }

  private async lookAtCredentials(rows: readonly RemoteRow[]): Promise<void> {
    const known = new Map(this.refused);
    this.refused.clear();
    for (const row of rows) {
      if (row.state.status !== 'auth-failed') continue;
      const key = `${row.id} ${row.state.since}`;
      const mark = await credentialsMark(row, this.config.sshAgentSocket);
      this.refused.set(key, mark);
      if ((known.get(key) ?? mark) === mark) continue;
      await this.states.askAgain(row.id);
      this.hosts.reset(row.id);
    }
  }
}
