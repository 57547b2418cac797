import { z } from 'zod';

const problemBody = z.object({
  code: z.string(),
  detail: z.string(),
  hint: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  requestId: z.string().optional(),
});

/** An answer of the server that says no: its stable code, the facts and the remedy. */
export class ApiProblem extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly errors: { pointer: string; detail: string }[];
  readonly requestId: string | undefined;

  constructor(
    readonly status: number,
    body: z.infer<typeof problemBody>,
  ) {
    super(body.detail);
    this.name = 'ApiProblem';
    this.code = body.code;
    this.hint = body.hint;
    this.errors = body.errors ?? [];
    this.requestId = body.requestId;
  }

  /** Reads `application/problem+json`; anything else (a proxy's page, say) becomes a problem of that status. */
  static of(status: number, body: unknown): ApiProblem {
    const parsed = problemBody.safeParse(body);
    return new ApiProblem(
      status,
      parsed.data ?? {
        code: `http/${status}`,
        detail: `The server answered with status ${status}`,
      },
    );
  }
}
