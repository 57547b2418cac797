import { z } from 'zod';

const error = z.object({
  code: z.number().catch(0),
  message: z.string().catch(''),
  data: z.unknown().optional(),
});

/** A JSON-RPC message of the agent. Its ids may be anything: they are only given back. */
const message = z.looseObject({
  id: z.unknown().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: error.nullish(),
});

export type Incoming =
  | { kind: 'request'; id: unknown; method: string; params: unknown }
  | { kind: 'notification'; method: string; params: unknown }
  | { kind: 'response'; id: unknown; result: unknown; error: z.infer<typeof error> | null };

/** What one JSON text says: mostly one message, but batches are read too. Noise says nothing. */
export const readMessages = (text: string): Incoming[] => {
  const value = parsed(text);
  return (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((each) => {
    const found = message.safeParse(each).data;
    return found === undefined ? [] : incoming(found);
  });
};

const incoming = (found: z.infer<typeof message>): Incoming[] => {
  const { id, method, params, result } = found;
  if (method !== undefined) {
    return 'id' in found
      ? [{ kind: 'request', id, method, params }]
      : [{ kind: 'notification', method, params }];
  }
  return 'id' in found && ('result' in found || found.error)
    ? [{ kind: 'response', id, result, error: found.error ?? null }]
    : [];
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** One message of ours as its line. */
export const lineOf = (body: object): string => `${JSON.stringify({ jsonrpc: '2.0', ...body })}\n`;
