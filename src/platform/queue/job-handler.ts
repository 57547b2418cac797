import { type Job } from './job.js';

/** Keeps the promise of one job. Found at boot among the providers of all modules. */
export abstract class JobHandler {
  abstract readonly job: Job;

  /** Looks at the row and does what is due. An error is logged; the sweep comes back to the row. */
  abstract handle(id: string): Promise<void>;

  /** Ids of rows with something due, whose doorbell may have been lost. Asked every few seconds: one cheap query. */
  abstract due(): Promise<string[]>;
}
