import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { JobQueue } from '../../../platform/queue/index.js';
import { RemoteHosts } from '../../remotes/index.js';
import { DRIVE_TURN } from '../drive-turn.job.js';
import { TurnClaims } from '../storage/turn-claims.js';

/** Turns that wait for a host are tried as soon as it may be used again. */
@Injectable()
export class WakeTurns implements OnModuleInit {
  private readonly log = new Logger(WakeTurns.name);

  constructor(
    private readonly hosts: RemoteHosts,
    private readonly claims: TurnClaims,
    private readonly jobs: JobQueue,
  ) {}

  onModuleInit(): void {
    this.hosts.whenUsable((remoteId) => void this.wake(remoteId));
  }

  /** Never throws: their time to be tried again comes anyway. */
  private async wake(remoteId: string): Promise<void> {
    try {
      for (const id of await this.claims.wake(remoteId)) this.jobs.ring(DRIVE_TURN.name, id);
    } catch (error) {
      this.log.debug({ message: 'turns not woken', remoteId, reason: String(error) });
    }
  }
}
