import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { z } from 'zod';
import { JobHandler } from './job-handler.js';
import { JobQueue } from './job-queue.js';
import { JobStore, type StoredWorker } from './job-store.js';
import { definedJobs } from './job.js';
import { QUEUE_OPTIONS, type QueueOptions } from './queue-options.js';

const payload = z.strictObject({ id: z.uuid() });

/** Starts one worker per job in processes with the worker role, and sweeps PostgreSQL for bells that were lost. */
@Injectable()
export class Workers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(Workers.name);
  private readonly workers: StoredWorker[] = [];
  private readonly working = new Set<Promise<void>>();
  private sweeping: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly store: JobStore,
    private readonly queue: JobQueue,
    @Inject(QUEUE_OPTIONS) private readonly options: QueueOptions,
  ) {}

  onApplicationBootstrap(): void {
    const handlers = handlersByJob(
      this.discovery.getProviders().map(({ instance }: { instance: unknown }) => instance),
    );
    if (!this.options.work) return;
    for (const handler of handlers.values()) this.start(handler);
    this.queue.hear((jobName, id) => {
      const handler = handlers.get(jobName);
      if (handler) this.begin(handler, id);
    });
    const sweep = (): void => {
      this.sweeping ??= this.sweep([...handlers.values()]).finally(() => (this.sweeping = null));
    };
    sweep();
    this.timer = setInterval(sweep, this.options.sweepMs);
  }

  async onModuleDestroy(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.sweeping;
    await Promise.allSettled(this.workers.map((worker) => worker.close()));
    await Promise.allSettled(this.working);
    await this.store.close();
  }

  private start(handler: JobHandler): void {
    const { name, concurrency } = handler.job;
    const worker = this.store.worker(name, {
      concurrency,
      handle: (data) => this.work(handler, payload.parse(data).id),
    });
    worker.on('error', (error) => {
      this.log.warn({ message: 'queue unreachable', job: name, reason: error.message });
    });
    this.workers.push(worker);
  }

  private begin(handler: JobHandler, id: string): void {
    const work = this.work(handler, id);
    this.working.add(work);
    void work.finally(() => this.working.delete(work));
  }

  private async work(handler: JobHandler, id: string): Promise<void> {
    try {
      await handler.handle(id);
    } catch (error) {
      this.log.error({ message: 'job failed', job: handler.job.name, id, reason: stackOf(error) });
    }
  }

  private async sweep(handlers: JobHandler[]): Promise<void> {
    for (const handler of handlers) {
      try {
        for (const id of await handler.due()) this.queue.ring(handler.job.name, id);
      } catch (error) {
        this.log.warn({ message: 'sweep failed', job: handler.job.name, reason: stackOf(error) });
      }
    }
  }
}

/** The handlers by job name; throws when a declared job has no handler or two. */
export const handlersByJob = (instances: readonly unknown[]): Map<string, JobHandler> => {
  const handlers = new Map<string, JobHandler>();
  for (const instance of new Set(instances)) {
    if (!(instance instanceof JobHandler)) continue;
    if (handlers.has(instance.job.name))
      throw new Error(`The job ${instance.job.name} has two handlers`);
    handlers.set(instance.job.name, instance);
  }
  for (const { name } of definedJobs()) {
    if (!handlers.has(name)) throw new Error(`The job ${name} has no handler`);
  }
  return handlers;
};

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
