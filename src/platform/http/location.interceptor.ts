import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Response } from 'express';
import { type Observable, tap } from 'rxjs';

export const API_PREFIX = 'api/v1';

/** Where a resource is found, below the API's prefix: `/turns/ID` or `turns/ID`. */
export const LocatedAt = Reflector.createDecorator<(resource: unknown) => string>();

/** Says in `Location` where what was made is found. */
@Injectable()
export class LocationInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const locate = this.reflector.get(LocatedAt, context.getHandler());
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      tap((resource) => {
        response.setHeader('Location', `/${API_PREFIX}/${locate(resource).replace(/^\//, '')}`);
      }),
    );
  }
}
