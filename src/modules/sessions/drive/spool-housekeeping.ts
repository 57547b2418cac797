import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { type Host } from '../../../hosts/index.js';
import { RemoteHosts } from '../../remotes/index.js';
import { sweepScratch } from '../scratch/scratch-on-host.js';
import { ScratchDirectoriesRepository } from '../storage/scratch-directories.repository.js';
import { TurnsRepository } from '../storage/turns.repository.js';
import { TurnDrive } from './turn-drive.js';

const LOOK_MS = 60_000;
const DAY_MS = 86_400_000;
/** How long a run that is over waits for its server; one whose turn is open here waits for ever. */
const KEPT_DAYS = 7;

/**
 * Removes the output of runs, and the scratch directories, that nobody came back for (a server that was reinstalled, a session deleted while its host
 * was away) from every host that this process works on: soon after the first use, then once a day.
 */
@Injectable()
export class SpoolHousekeeping implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(SpoolHousekeeping.name);
  private readonly cleanedAt = new WeakMap<Host, number>();
  private readonly closing = new AbortController();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly hosts: RemoteHosts,
    private readonly turns: TurnsRepository,
    private readonly scratch: ScratchDirectoriesRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweep(), LOOK_MS);
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
    this.closing.abort();
  }

  /** Cleans every host whose day has come. A host that cannot be reached now is clean enough until tomorrow. */
  async sweep(now = Date.now()): Promise<void> {
    const due = this.hosts
      .inUse()
      .filter((host) => now - (this.cleanedAt.get(host) ?? -Infinity) >= DAY_MS);
    for (const host of due) this.cleanedAt.set(host, now);
    await Promise.all(due.map((host) => this.clean(host)));
  }

  private async clean(host: Host): Promise<void> {
    try {
      const remoteId = host.kind === 'local' ? null : host.id;
      const begun = await this.turns.begun(remoteId);
      const keep = begun.map((turn) => TurnDrive.runKey(turn).id);
      const { signal } = this.closing;
      const removed = await host.runs.collectAbandoned(KEPT_DAYS, { keep, signal });
      if (removed > 0) this.log.log('abandoned runs removed', { host: host.id, runs: removed });
      const mine = await this.scratch.namesOn(remoteId);
      const swept = await sweepScratch(host, KEPT_DAYS, mine, { signal });
      if (swept > 0) this.log.log('abandoned directories removed', { host: host.id, swept });
    } catch (error) {
      this.log.debug('what was abandoned is not removed', { host: host.id, reason: String(error) });
    }
  }
}
