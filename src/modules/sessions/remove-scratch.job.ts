import { defineJob } from '../../platform/queue/index.js';

/** "Scratch directory NAME belongs to nobody any more": remove it from its host. */
export const REMOVE_SCRATCH = defineJob({ name: 'sessions.remove-scratch', concurrency: 5 });
