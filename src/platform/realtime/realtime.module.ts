import { Module } from '@nestjs/common';
import { EventsController } from './events.controller.js';
import { EventsGateway } from './events.gateway.js';

@Module({ controllers: [EventsController], providers: [EventsGateway] })
export class RealtimeModule {}
