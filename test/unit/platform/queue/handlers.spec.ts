import { beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type Job, defineJob } from '../../../../src/platform/queue/job.js';
import { JobHandler } from '../../../../src/platform/queue/job-handler.js';
import { JobQueue } from '../../../../src/platform/queue/job-queue.js';
import { type JobStore, type StoredQueue } from '../../../../src/platform/queue/job-store.js';
import { handlersByJob } from '../../../../src/platform/queue/workers.js';

const PAINT = defineJob({ name: 'fences.paint', concurrency: 1 });
const MEND = defineJob({ name: 'fences.mend', concurrency: 1 });

class Handler extends JobHandler {
  constructor(readonly job: Job) {
    super();
  }

  handle(): Promise<void> {
    return Promise.resolve();
  }

  due(): Promise<string[]> {
    return Promise.resolve([]);
  }
}

describe('the handlers of a server', () => {
  const paint = new Handler(PAINT);
  const mend = new Handler(MEND);

  it('are found among all providers, each once', () => {
    const found = handlersByJob([null, 'x', paint, {}, mend, paint]);
    expect([...found]).toEqual([
      ['fences.paint', paint],
      ['fences.mend', mend],
    ]);
  });

  it('must be there for every declared job', () => {
    expect(() => handlersByJob([paint])).toThrow('The job fences.mend has no handler');
  });

  it('must not be two for one job', () => {
    expect(() => handlersByJob([paint, mend, new Handler(MEND)])).toThrow(
      'The job fences.mend has two handlers',
    );
  });

  it('belong to jobs that are declared once', () => {
    expect(() => defineJob({ name: 'fences.paint', concurrency: 2 })).toThrow('declared twice');
  });
});

describe('a doorbell', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  const setup = (add: StoredQueue['add']) => {
    const queue: StoredQueue = { add, on: () => undefined, close: () => Promise.resolve() };
    const store: Pick<JobStore, 'queue'> = { queue: () => queue };
    return new JobQueue(store as JobStore);
  };

  it('carries an id and nothing else', async () => {
    const rung: unknown[] = [];
    const jobs = setup((...call) => Promise.resolve(rung.push(call)));
    jobs.ring('fences.paint', 'an-id', 50);
    await jobs.onModuleDestroy();
    expect(rung).toEqual([
      ['fences.paint', { id: 'an-id' }, { delay: 50, removeOnComplete: true, removeOnFail: true }],
    ]);
  });

  it('is no error when the store is away, the job unknown or the server closed', async () => {
    const jobs = setup(() => Promise.reject(new Error('away')));
    jobs.ring('fences.paint', 'an-id');
    jobs.ring('unheard.of', 'an-id');
    await jobs.onModuleDestroy();
    expect(() => {
      jobs.ring('fences.paint', 'an-id');
    }).not.toThrow();
  });
});
