import { type Server } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type NextFunction, type Request, type Response } from 'express';

/**
 * Lets the server close as soon as the last answer is out. Node closes connections that are idle when the closing
 * begins; those that are busy then would stay open until their keep-alive ends.
 */
@Injectable()
export class ConnectionDrain implements BeforeApplicationShutdown {
  private isClosing = false;

  constructor(private readonly host: HttpAdapterHost) {}

  beforeApplicationShutdown(): void {
    this.isClosing = true;
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
}
