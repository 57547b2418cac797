import { Injectable } from '@nestjs/common';
import { JobHandler } from '../../../platform/queue/index.js';
import { DRIVE_TURN } from '../drive-turn.job.js';
import { TurnClaims } from '../storage/turn-claims.js';
import { TurnDriver } from './turn-driver.js';

@Injectable()
export class DriveTurnWorker extends JobHandler {
  readonly job = DRIVE_TURN;

  constructor(
    private readonly driver: TurnDriver,
    private readonly claims: TurnClaims,
  ) {
    super();
  }

  handle(turnId: string): Promise<void> {
    return this.driver.drive(turnId);
  }

  due(): Promise<string[]> {
    return this.claims.due();
  }
}
