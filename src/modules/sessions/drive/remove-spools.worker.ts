import { Injectable, Logger } from '@nestjs/common';
import { DomainError } from '../../../platform/errors/index.js';
import { JobHandler } from '../../../platform/queue/index.js';
import { RemoteHosts, RemoteNotFound } from '../../remotes/index.js';
import { REMOVE_SPOOLS } from '../remove-spools.job.js';
import { type Spools, type TurnRow } from '../storage/turn.entity.js';
import { TurnsRepository } from '../storage/turns.repository.js';
import { hasEnded, isWaiting } from '../turn.js';
import { TurnDrive } from './turn-drive.js';

/** Hosts that were away when a turn ended are asked again after this. */
const LOOK_MS = 10_000;

/** Removes what ended turns have left on their hosts. The end of a turn is recorded with what there is to remove. */
@Injectable()
export class RemoveSpoolsWorker extends JobHandler {
  readonly job = REMOVE_SPOOLS;
  private readonly log = new Logger(RemoveSpoolsWorker.name);
  private lookedAt = -Infinity;

  constructor(
    private readonly turns: TurnsRepository,
    private readonly hosts: RemoteHosts,
  ) {
    super();
  }

  async handle(turnId: string): Promise<void> {
    const row = await this.turns.find(turnId);
    if (!row) return;
    for (const spools of row.spools ?? []) {
      if (isInUse(row, spools)) continue;
      try {
        await this.remove(row, spools);
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        this.log.debug({ message: 'spools not removed yet', turnId, reason: error.message });
      }
    }
  }

  async due(): Promise<string[]> {
    if (Date.now() - this.lookedAt < LOOK_MS) return [];
    const ids = await this.turns.withSpools();
    this.lookedAt = Date.now();
    return ids;
  }

  private async remove(row: TurnRow, { attempt, fence }: Spools): Promise<void> {
    try {
      const host = await this.hosts.resolve(row.remoteId);
      await host.runs.remove(TurnDrive.runKey({ ...row, attempts: attempt }), { fence });
    } catch (error) {
      // Nobody will ever reach them again.
      if (!(error instanceof RemoteNotFound)) throw error;
    }
    await this.turns.spoolsRemoved(row.id, attempt);
  }
}

/** What a postponed attempt has left is the next one's, which has its number. */
const isInUse = (row: TurnRow, { attempt }: Spools): boolean => {
  if (hasEnded(row)) return false;
  return isWaiting(row) ? attempt > row.attempts : attempt >= row.attempts;
};
