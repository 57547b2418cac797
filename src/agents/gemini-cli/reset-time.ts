/**
 * When to try again after a limit: as the provider's details say, or the CLI's words "... will reset after 16h52m20s"
 * and "retry in 34.07s". RFC 3339, or null when they name no time.
 */
export const resetTime = (notice: string, now: Date): string | null => {
  const wait =
    /"retryDelay"\s*:\s*"((?:\d+(?:\.\d+)?(?:ms|[dhms]))+)"/.exec(notice)?.[1] ??
    /\b(?:reset after|retry in) ((?:\d+(?:\.\d+)?(?:ms|[dhms]))+)/i.exec(notice)?.[1];
  return wait === undefined ? null : new Date(now.getTime() + lengthOf(wait)).toISOString();
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: 24 * 60 * MINUTE_MS,
};

const lengthOf = (wait: string): number =>
  [...wait.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (UNIT_MS[unit] ?? 0),
    0,
  );
