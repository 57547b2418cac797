import { defineJob } from '../../platform/queue/index.js';

/** "The output of turn ID was read to the end": remove what is left of it on its host. */
export const REMOVE_SPOOLS = defineJob({ name: 'turns.remove-spools', concurrency: 5 });
