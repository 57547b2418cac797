export { pumpEvents, type PumpedStream } from './event-pump.js';
export { RealtimeAdapter, type SocketData } from './realtime.adapter.js';
export { RealtimeModule } from './realtime.module.js';
export { roomToSend } from './socket-room.js';
export { type AckFunction, parseMessage, refusing, type SocketAnswer } from './socket-answer.js';
export { streamName } from './stream.schemas.js';
export { Socket } from 'socket.io';
