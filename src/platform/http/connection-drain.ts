import { type Server } from 'node:http';
import { type Socket } from 'node:net';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type NextFunction, type Request, type Response } from 'express';

/**
 * Lets the server close as soon as the last answer is out. Node closes connections that are idle when the closing
 * begins; those that are busy then would stay open until their keep-alive ends, and those that clients have opened ahead
 * of any request until their headers are overdue.
 */
@Injectable()
export class ConnectionDrain implements BeforeApplicationShutdown {
  private readonly connections = new Set<Socket>();
  private isClosing = false;

  constructor(private readonly host: HttpAdapterHost) {}

  beforeApplicationShutdown(): void {
    this.isClosing = true;
    for (const connection of this.connections) this.closeUnlessUsed(connection);
  }

  /** To be called before the server listens. */
  watch(server: Server): void {
    server.on('connection', (connection: Socket) => {
      this.connections.add(connection);
      connection.once('close', () => this.connections.delete(connection));
      if (this.isClosing) this.closeUnlessUsed(connection);
    });
  }

  readonly middleware = (_request: Request, response: Response, next: NextFunction): void => {
    response.once('close', () => {
      if (this.isClosing) setImmediate(this.closeIdle);
    });
    next();
  };

  private readonly closeIdle = (): void => {
    (this.host.httpAdapter.getHttpServer() as Server).closeIdleConnections();
  };

  private closeUnlessUsed(connection: Socket): void {
    if (connection.bytesRead === 0) connection.destroy();
  }
}
