import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { type Request } from 'express';
import { type Observable } from 'rxjs';
import { body } from './request-schemas.js';
import { toInvalidRequest } from './zod.pipe.js';

/**
 * A route that takes no `@Body()` knows no fields: each one that is sent to it is unknown, and a 422 as everywhere. What
 * a client takes for an option of a call must not be passed over.
 */
@Injectable()
export class UnaskedBodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http' && !takesBody(context)) {
      const sent = nothing.safeParse(context.switchToHttp().getRequest<Request>().body);
      if (!sent.success) throw toInvalidRequest(sent.error);
    }
    return next.handle();
  }
}

const nothing = body({}).optional();

const takesBody = (context: ExecutionContext): boolean => {
  const args: unknown = Reflect.getMetadata(
    ROUTE_ARGS_METADATA,
    context.getClass(),
    context.getHandler().name,
  );
  const ofBody = `${RouteParamtypes.BODY}:`;
  return Object.keys(args ?? {}).some((key) => key.startsWith(ofBody));
};
