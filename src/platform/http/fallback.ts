import { Injectable, NotFoundException, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type Express, type NextFunction, type Request, type Response } from 'express';
import { ProblemFilter } from './problem.filter.js';

/** Nest's own last word covers the API's prefix only; what is asked for elsewhere would get a page of Express. */
@Injectable()
export class Fallback implements OnApplicationBootstrap {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly problems: ProblemFilter,
  ) {}

  onApplicationBootstrap(): void {
    // Missing in a process that answers no HTTP.
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter?.getType() !== 'express') return;
    const server: Express = adapter.getInstance();
    server.use((request: Request, response: Response) => {
      this.problems.answer(new NotFoundException(), request, response);
    });
    server.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
      if (response.headersSent) {
        next(error);
        return;
      }
      this.problems.answer(adapter.mapException(error), request, response);
    });
  }
}
