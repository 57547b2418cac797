/**
 * A job is a doorbell: "look at this row". It carries the id of the row and nothing else, and its handler must be
 * safe to run twice, at the same time, late, or for nothing.
 */
export interface Job {
  /** `area.verb`, for example `turns.drive`. Also the name of its queue. */
  readonly name: string;
  /** How many handlers one worker process runs at once. */
  readonly concurrency: number;
}

const defined = new Map<string, Job>();

/** Declares a job. At boot every declared job must have exactly one handler. */
export const defineJob = (job: Job): Job => {
  if (defined.has(job.name)) throw new Error(`The job ${job.name} is declared twice`);
  defined.set(job.name, job);
  return job;
};

export const definedJobs = (): readonly Job[] => [...defined.values()];
