import { EventLog1763800000000 } from './1763800000000-event-log.js';
import { Sessions1763800100000 } from './1763800100000-sessions.js';

/** The history of the schema, oldest first. */
export const migrations = [EventLog1763800000000, Sessions1763800100000];
