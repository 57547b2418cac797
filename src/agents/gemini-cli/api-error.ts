import { z } from 'zod';

/** What the CLI tells of an answer of the provider that is no success. */
export interface ApiError {
  /** HTTP status; null when there was no answer, or it is not told. */
  status: number | null;
  message: string;
  /** The provider's own names for what is wrong. */
  reasons: string[];
}

const body = z.object({
  error: z.object({
    code: z.number().nullish().catch(null),
    message: z.string(),
    details: z
      .array(z.looseObject({ reason: z.string().optional().catch(undefined) }))
      .catch([])
      .default([]),
  }),
});

/** Reads `[API Error: ...]`, in which there is the body of the answer or only a sentence of it. */
export const readApiError = (reason: string, exitCode: number): ApiError => {
  const told = /^\[API Error: (.*?)\](?:\n|$)/s.exec(reason)?.[1] ?? reason;
  const answer =
    readBody(told) ?? readBody(reason.slice(reason.indexOf('{'), reason.lastIndexOf('}') + 1));
  return {
    status: answer?.code ?? statusOf(exitCode),
    message: answer?.message ?? told,
    reasons: (answer?.details ?? []).flatMap(({ reason: name }) => name ?? []),
  };
};

const readBody = (text: string): z.infer<typeof body>['error'] | null => {
  try {
    return body.safeParse(JSON.parse(text)).data?.error ?? null;
  } catch {
    return null;
  }
};

/** The CLI exits with the status, of which a process has only the lowest eight bits. */
const statusOf = (exitCode: number): number | null =>
  STATUSES.find((status) => (status & 255) === exitCode) ?? null;

const STATUSES = [400, 401, 403, 404, 429, 500, 502, 503, 504];
