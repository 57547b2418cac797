import { defineJob } from '../../platform/queue/index.js';

/** "Something may be due in group chat ID": a message waits, a turn has ended, a deadline has passed. */
export const ADVANCE_GROUP_CHAT = defineJob({ name: 'groupchats.advance', concurrency: 20 });
