export interface QueueOptions {
  redisUrl: string | null;
  databaseUrl: string;
  /** Whether this process works jobs or only rings for them. */
  work: boolean;
  sweepMs: number;
}

export const QUEUE_OPTIONS = Symbol('QUEUE_OPTIONS');
