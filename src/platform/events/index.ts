export { CursorExpired, EventLog, type LoggedEvent } from './event-log.js';
export { EventsModule } from './events.module.js';
export { storable, storableText } from './storable.js';
