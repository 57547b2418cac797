import { Global, Module } from '@nestjs/common';
import { Doorbell } from './doorbell.js';
import { EventLog } from './event-log.js';

@Global()
@Module({ providers: [Doorbell, EventLog], exports: [EventLog] })
export class EventsModule {}
