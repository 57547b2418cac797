import { Injectable } from '@nestjs/common';
import { type ReadinessCheck } from '../observability/index.js';
import { JobStore } from './job-store.js';

@Injectable()
export class QueueReadiness implements ReadinessCheck {
  readonly name = 'queue';

  constructor(private readonly store: JobStore) {}

  check(): Promise<void> {
    return this.store.ping();
  }
}
