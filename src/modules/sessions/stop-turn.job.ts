import { defineJob } from '../../platform/queue/index.js';

/** "Turn ID was told to stop": kill what runs, and prove that it is gone. */
export const STOP_TURN = defineJob({ name: 'turns.stop', concurrency: 50 });
