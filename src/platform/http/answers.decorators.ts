import { applyDecorators, HttpCode, UseInterceptors } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { type z } from 'zod';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { LocatedAt, LocationInterceptor } from './location.interceptor.js';

/** Says in the OpenAPI document what a route answers, and sets the status. */
export const Answers = (schema: z.ZodType, status = 200): MethodDecorator =>
  applyDecorators(
    HttpCode(status),
    ApiResponse({ status, standardSchema: schema, description: schema.description ?? '' }),
  );

/** A POST that answers the same to repetitions with the same `Idempotency-Key`. */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(DescribesKey(), UseInterceptors(IdempotencyInterceptor));

/** A POST that makes a resource: 201 with its `Location`, below the API's prefix. Honours `Idempotency-Key`. */
export const Creates = <S extends z.ZodType>(
  schema: S,
  location: (resource: z.output<S>) => string,
): MethodDecorator => located(schema, location, 201);

/** A POST that starts work: 202 with the resource and its `Location`. Honours `Idempotency-Key`. */
export const StartsWork = <S extends z.ZodType>(
  schema: S,
  location: (resource: z.output<S>) => string,
): MethodDecorator => located(schema, location, 202);

const located = <S extends z.ZodType>(
  schema: S,
  location: (resource: z.output<S>) => string,
  status: number,
): MethodDecorator =>
  applyDecorators(
    Answers(schema, status),
    DescribesKey(),
    LocatedAt((resource) => location(resource as z.output<S>)),
    // In this order: the location must be known when the answer is kept.
    UseInterceptors(IdempotencyInterceptor, LocationInterceptor),
  );

const DescribesKey = (): MethodDecorator =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Repetitions with the same key and body within 24 hours get the same answer.',
    schema: { type: 'string', minLength: 1, maxLength: 200 },
  });
