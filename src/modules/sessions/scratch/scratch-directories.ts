import { Injectable } from '@nestjs/common';
import { type AgentCapabilities } from '../../../agents/index.js';
import { type Host } from '../../../hosts/index.js';
import { type Tx } from '../../../platform/database/index.js';
import { JobQueue } from '../../../platform/queue/index.js';
import { REMOVE_SCRATCH } from '../remove-scratch.job.js';
import { ScratchDirectoriesRepository } from '../storage/scratch-directories.repository.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { makeScratch } from './scratch-on-host.js';

/**
 * Where an agent moderates that is only asked not to write: in a directory apart from every project, of which nobody else
 * knows. It stays as long as its session moderates, because CLIs keep their conversations by directory.
 */
@Injectable()
export class ScratchDirectories {
  constructor(
    private readonly rows: ScratchDirectoriesRepository,
    private readonly jobs: JobQueue,
  ) {}

  isNeeded({ kind }: Pick<TurnRow, 'kind'>, { readOnly }: AgentCapabilities): boolean {
    return kind === 'moderator' && readOnly !== 'enforced';
  }

  /** Makes the directory of a session on a host unless it is there; answers with its absolute path. */
  async enter(sessionId: string, remoteId: string | null, host: Host): Promise<string> {
    return makeScratch(host, await this.rows.nameOf(sessionId, remoteId));
  }

  /** The session does not moderate any more: what it has left is removed from its hosts, when they are there. */
  async release(tx: Tx, sessionId: string): Promise<void> {
    const names = await this.rows.release(tx, sessionId);
    tx.afterCommit(() => {
      for (const name of names) this.jobs.ring(REMOVE_SCRATCH.name, name);
    });
  }
}
