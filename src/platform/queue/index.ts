export { defineJob, type Job } from './job.js';
export { JobHandler } from './job-handler.js';
export { JobQueue } from './job-queue.js';
export { JobStore } from './job-store.js';
export { QueueModule } from './queue.module.js';
export { Presence } from './presence.js';
export { QueueReadiness } from './queue-readiness.js';
