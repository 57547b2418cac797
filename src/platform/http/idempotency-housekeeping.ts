import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { IdempotencyKeys } from './storage/idempotency-keys.repository.js';

const HOUR_MS = 3_600_000;

/** Forgets old idempotency keys once an hour. */
@Injectable()
export class IdempotencyHousekeeping implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(IdempotencyHousekeeping.name);
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly keys: IdempotencyKeys) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweep(), HOUR_MS);
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private async sweep(): Promise<void> {
    try {
      await this.keys.sweep();
    } catch (error) {
      this.log.warn('old idempotency keys not forgotten', { reason: String(error) });
    }
  }
}
