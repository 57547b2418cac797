/** What the exit code of `maestro` says; scripts rely on these numbers. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  timeout: 5,
  auth: 6,
  budget: 7,
  workFailed: 8,
  unreachable: 9,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code for a failure with a stable code (`area/what-happened`), with the HTTP status it came by. */
export const exitCodeFor = (code: string, status: number | null = null): ExitCode =>
  byCode(code, status) ?? (status === null ? EXIT.error : (BY_STATUS[status] ?? EXIT.error));

/** Codes that say more than their status does. */
const byCode = (code: string, status: number | null): ExitCode | null => {
  const what = code.slice(code.indexOf('/') + 1);
  if (/budget/.test(what)) return EXIT.budget;
  if (what === 'auth-failed') return EXIT.auth;
  if (code.startsWith('ssh/')) return EXIT.unreachable;
  if (what === 'timeout') return EXIT.timeout;
  if (what === 'not-found') return EXIT.notFound;
  // What is refused has never been begun.
  if (code.startsWith('agent/') && status !== 422) return EXIT.workFailed;
  return null;
};

const BY_STATUS: Partial<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.auth,
  402: EXIT.budget,
  403: EXIT.auth,
  404: EXIT.notFound,
  408: EXIT.timeout,
  409: EXIT.conflict,
  410: EXIT.notFound,
  412: EXIT.conflict,
  413: EXIT.usage,
  422: EXIT.usage,
  502: EXIT.unreachable,
  503: EXIT.unreachable,
  504: EXIT.timeout,
};
