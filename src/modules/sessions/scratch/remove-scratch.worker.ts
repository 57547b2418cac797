import { Injectable, Logger } from '@nestjs/common';
import { DomainError } from '../../../platform/errors/index.js';
import { JobHandler } from '../../../platform/queue/index.js';
import { RemoteHosts, RemoteNotFound } from '../../remotes/index.js';
import { REMOVE_SCRATCH } from '../remove-scratch.job.js';
import { ScratchDirectoriesRepository } from '../storage/scratch-directories.repository.js';
import { removeScratch } from './scratch-on-host.js';

/** Hosts that were away are asked again after this. */
const LOOK_MS = 10_000;

/** Removes the scratch directories that belong to nobody any more. */
@Injectable()
export class RemoveScratchWorker extends JobHandler {
  readonly job = REMOVE_SCRATCH;
  private readonly log = new Logger(RemoveScratchWorker.name);
  private lookedAt = -Infinity;

  constructor(
    private readonly rows: ScratchDirectoriesRepository,
    private readonly hosts: RemoteHosts,
  ) {
    super();
  }

  async handle(name: string): Promise<void> {
    const row = await this.rows.find(name);
    if (!row || row.sessionId !== null) return;
    try {
      await removeScratch(await this.hosts.resolve(row.remoteId), name);
    } catch (error) {
      // Nobody will ever reach it again.
      if (!(error instanceof RemoteNotFound)) {
        if (!(error instanceof DomainError)) throw error;
        this.log.debug({ message: 'scratch directory not removed yet', reason: error.message });
        return;
      }
    }
    await this.rows.delete(name);
  }

  async due(): Promise<string[]> {
    if (Date.now() - this.lookedAt < LOOK_MS) return [];
    const names = await this.rows.released();
    this.lookedAt = Date.now();
    return names;
  }
}
