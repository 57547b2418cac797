import { defineJob } from '../../platform/queue/index.js';

/** "Turn ID is waiting for a worker": to be started, followed, taken over or resumed. */
export const DRIVE_TURN = defineJob({ name: 'turns.drive', concurrency: 50 });
