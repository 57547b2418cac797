import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { JobStore, type StoredQueue } from './job-store.js';
import { definedJobs } from './job.js';

/** Rings doorbells. Losing one costs a moment, never work: the sweep finds the row in PostgreSQL. */
@Injectable()
export class JobQueue implements OnModuleDestroy {
  private readonly log = new Logger(JobQueue.name);
  private readonly queues = new Map<string, StoredQueue>();
  private readonly ringing = new Set<Promise<void>>();
  private heard: ((jobName: string, id: string) => void) | null = null;
  private closed = false;

  constructor(private readonly store: JobStore) {}

  /**
   * Asks a worker to look at row `id`. Returns at once and never throws: call it after the commit of what the worker
   * shall see. `delayMs` lets the bell ring later.
   */
  ring(jobName: string, id: string, delayMs = 0): void {
    if (this.closed) return;
    if (delayMs === 0) this.heard?.(jobName, id);
    const ring = this.add(jobName, id, delayMs).catch((error: unknown) => {
      this.log.warn({ message: 'doorbell not rung', job: jobName, id, reason: String(error) });
    });
    this.ringing.add(ring);
    void ring.finally(() => this.ringing.delete(ring));
  }

  /**
   * A bell that is rung in a process that works is heard there at once. It still goes through the store, where another
   * worker may be quicker, or this one gone: whoever comes second finds nothing due.
   */
  hear(listener: (jobName: string, id: string) => void): void {
    this.heard = listener;
  }

  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.ringing);
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
  }

  private async add(jobName: string, id: string, delay: number): Promise<void> {
    const options = { delay, removeOnComplete: true, removeOnFail: true };
    await this.queue(jobName).add(jobName, { id }, options);
  }

  private queue(jobName: string): StoredQueue {
    const open = this.queues.get(jobName);
    if (open) return open;
    if (!definedJobs().some((job) => job.name === jobName)) {
      throw new Error(`No job is called ${jobName}`);
    }
    const queue = this.store.queue(jobName);
    queue.on('error', (error) => {
      this.log.warn({ message: 'queue unreachable', job: jobName, reason: error.message });
    });
    this.queues.set(jobName, queue);
    return queue;
  }
}
