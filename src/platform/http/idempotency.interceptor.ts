import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
} from '@nestjs/common';
import { type Request, type Response } from 'express';
import { catchError, concatMap, type Observable, of } from 'rxjs';
import { v7 as uuidv7 } from 'uuid';
import { principalOf } from '../access/index.js';
import { IdempotencyConflict, InvalidRequest, StillInProgress } from './http.errors.js';
import {
  type Claim,
  IdempotencyKeys,
  type KeptAnswer,
  type KeyedRequest,
} from './storage/idempotency-keys.repository.js';

const HEADER = 'Idempotency-Key';
const ACCEPTABLE = /^[\x21-\x7e]{1,200}$/;
/** How long the repetition of a request waits for the answer of the first. */
const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 100;

const resourceIds = new WeakMap<Request, string>();

/**
 * The id for what a POST makes. With an `Idempotency-Key` it is the same for every repetition, even when an attempt
 * died between its commit and its answer: insert with this id, and if it exists already, answer what exists.
 */
export const ResourceId = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string => {
    const request = context.switchToHttp().getRequest<Request>();
    return resourceIds.get(request) ?? uuidv7();
  },
);

/** Answers a request that has an `Idempotency-Key` once, and its repetitions with the same answer. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly log = new Logger(IdempotencyInterceptor.name);

  constructor(private readonly keys: IdempotencyKeys) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const key = request.get(HEADER);
    if (key === undefined) return next.handle();
    if (!ACCEPTABLE.test(key)) {
      throw new InvalidRequest([
        { pointer: HEADER, detail: 'A header of 1 to 200 printable ASCII characters' },
      ]);
    }
    const keyed = toKeyedRequest(request, key);
    const claim = await this.claim(keyed);
    if (claim.outcome === 'answered') return of(repeat(response, claim.answer));
    resourceIds.set(request, claim.resourceId);
    return next.handle().pipe(
      catchError(async (error: unknown) => {
        await this.release(keyed);
        throw error;
      }),
      concatMap(async (value: unknown) => {
        await this.keep(keyed, value, response);
        return value;
      }),
    );
  }

  private async claim(
    keyed: KeyedRequest,
  ): Promise<Extract<Claim, { outcome: 'claimed' | 'answered' }>> {
    const resourceId = uuidv7();
    const patientUntil = performance.now() + PATIENCE_MS;
    for (;;) {
      const claim = await this.keys.claim(keyed, resourceId);
      if (claim.outcome === 'other-body') throw new IdempotencyConflict();
      if (claim.outcome !== 'in-progress') return claim;
      if (performance.now() > patientUntil) throw new StillInProgress();
      await delay(LOOK_AGAIN_MS);
    }
  }

  private async release(keyed: KeyedRequest): Promise<void> {
    try {
      await this.keys.release(keyed);
    } catch (error) {
      // The claim runs out by itself; what its caller must hear of is the failure before.
      this.log.warn('idempotency key not released', { reason: String(error) });
    }
  }

  private async keep(keyed: KeyedRequest, value: unknown, response: Response): Promise<void> {
    const location = response.getHeader('Location');
    try {
      await this.keys.keep(keyed, {
        status: response.statusCode,
        response: JSON.stringify(value ?? null),
        location: typeof location === 'string' ? location : null,
      });
    } catch (error) {
      // The work is done and its caller shall know; a repetition finds it by its resource id.
      this.log.warn('answer of an idempotent request not kept', { reason: String(error) });
    }
  }
}

const toKeyedRequest = (request: Request, key: string): KeyedRequest => ({
  scope: `${principalOf(request)?.name ?? 'nobody'} ${request.method} ${request.path}`,
  key,
  bodyHash: createHash('sha256')
    .update(JSON.stringify(request.body ?? null))
    .digest('base64url'),
});

const repeat = (response: Response, answer: KeptAnswer): unknown => {
  response.status(answer.status).setHeader('Idempotency-Replayed', 'true');
  if (answer.location !== null) response.setHeader('Location', answer.location);
  return JSON.parse(answer.response) ?? undefined;
};
