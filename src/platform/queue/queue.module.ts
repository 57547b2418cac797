import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { JobQueue } from './job-queue.js';
import { JobStore } from './job-store.js';
import { Presence } from './presence.js';
import { QUEUE_OPTIONS, type QueueOptions } from './queue-options.js';
import { Workers } from './workers.js';

@Global()
@Module({})
export class QueueModule {
  static forRoot(options: QueueOptions): DynamicModule {
    return {
      module: QueueModule,
      imports: [DiscoveryModule],
      providers: [
        { provide: QUEUE_OPTIONS, useValue: options },
        { provide: JobStore, useFactory: () => JobStore.at(options) },
        JobQueue,
        Presence,
        Workers,
      ],
      exports: [JobQueue, JobStore, Presence],
    };
  }
}
