import { type OnModuleDestroy } from '@nestjs/common';
import {
  Ack,
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { Socket } from 'socket.io';
import { EventLog } from '../events/index.js';
import { type AckFunction, parseMessage, refusing } from './socket-answer.js';
import { subscribeSchema, unsubscribeSchema } from './stream.schemas.js';
import { MAX_STREAMS, Subscriptions } from './subscriptions.js';

/** The event log over socket.io: `subscribe` from a cursor, `event` for each event behind it, `unsubscribe`. */
@WebSocketGateway()
export class EventsGateway implements OnGatewayConnection, OnGatewayDisconnect, OnModuleDestroy {
  private readonly subscriptions = new Map<Socket, Subscriptions>();

  constructor(private readonly events: EventLog) {}

  handleConnection(socket: Socket): void {
    // Each pump that waits for room listens to the connection.
    socket.conn.setMaxListeners(MAX_STREAMS + 20);
    this.subscriptions.set(socket, new Subscriptions(socket, this.events));
  }

  handleDisconnect(socket: Socket): void {
    this.subscriptions.get(socket)?.leaveAll();
    this.subscriptions.delete(socket);
  }

  onModuleDestroy(): void {
    for (const subscriptions of this.subscriptions.values()) subscriptions.leaveAll();
  }

  @SubscribeMessage('subscribe')
  async subscribe(
    @ConnectedSocket() socket: Socket,
    @MessageBody() payload: unknown,
    @Ack() ack: AckFunction,
  ): Promise<void> {
    await refusing(ack, async () => {
      const { stream, after } = parseMessage(subscribeSchema, payload);
      await this.subscriptions.get(socket)?.follow(stream, after, (head) => {
        ack?.({ ok: true, head });
      });
    });
  }

  @SubscribeMessage('unsubscribe')
  async unsubscribe(
    @ConnectedSocket() socket: Socket,
    @MessageBody() payload: unknown,
    @Ack() ack: AckFunction,
  ): Promise<void> {
    await refusing(ack, () => {
      this.subscriptions.get(socket)?.leave(parseMessage(unsubscribeSchema, payload).stream);
      ack?.({ ok: true });
    });
  }
}
