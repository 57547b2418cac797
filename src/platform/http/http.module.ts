import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { ConnectionDrain } from './connection-drain.js';
import { Fallback } from './fallback.js';
import { ProblemFilter } from './problem.filter.js';
import { IdempotencyHousekeeping } from './idempotency-housekeeping.js';
import { IdempotencyKeys } from './storage/idempotency-keys.repository.js';
import { UnaskedBodyInterceptor } from './unasked-body.interceptor.js';
import { ZodPipe } from './zod.pipe.js';

@Global()
@Module({
  providers: [
    ConnectionDrain,
    Fallback,
    IdempotencyHousekeeping,
    IdempotencyKeys,
    ProblemFilter,
    { provide: APP_FILTER, useExisting: ProblemFilter },
    { provide: APP_PIPE, useClass: ZodPipe },
    { provide: APP_INTERCEPTOR, useClass: UnaskedBodyInterceptor },
  ],
  exports: [ConnectionDrain, IdempotencyKeys],
})
export class HttpModule {}
