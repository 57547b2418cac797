export { CursorExpired, EventLog, type LoggedEvent } from './event-log.js';
export { EventsModule } from './events.module.js';
export { storableText } from './storable.js';
