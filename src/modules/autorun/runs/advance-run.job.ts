import { defineJob } from '../../../platform/queue/index.js';

/** "Something is due in run ID": to be prepared, given its next task, or told what became of the last one. */
export const ADVANCE_RUN = defineJob({ name: 'runs.advance', concurrency: 20 });
