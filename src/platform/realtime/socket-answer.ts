import { Logger } from '@nestjs/common';
import { type z } from 'zod';
import { DomainError, type Failure, toFailure } from '../errors/index.js';
import { CursorExpired } from '../events/index.js';
import { toInvalidRequest } from '../http/index.js';

export type SocketAnswer = ({ ok: true } & Record<string, unknown>) | ({ ok: false } & Failure);

/** Undefined when the client asked for no answer. */
export type AckFunction = ((answer: SocketAnswer) => void) | undefined;

const log = new Logger('Realtime');

/** @throws {InvalidRequest} */
export const parseMessage = <S extends z.ZodType>(schema: S, payload: unknown): z.output<S> => {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw toInvalidRequest(parsed.error);
  return parsed.data;
};

/** Answers a message with `{ok: false, code, ...}` when `act` fails. What is no `DomainError` is logged, not told. */
export const refusing = async (
  ack: AckFunction,
  act: () => Promise<void> | void,
): Promise<void> => {
  try {
    await act();
  } catch (error) {
    ack?.(toRefusal(error));
  }
};

const toRefusal = (error: unknown): SocketAnswer => {
  if (error instanceof DomainError) {
    const oldest = error instanceof CursorExpired && { oldest: error.oldest };
    return { ok: false, ...toFailure(error), ...oldest };
  }
  log.error('message failed', { stack: error instanceof Error ? error.stack : String(error) });
  return { ok: false, code: 'server/bug', message: 'The server made a mistake' };
};
