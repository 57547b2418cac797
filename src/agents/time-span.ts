/** A length of time as Go and many CLIs write it, `1m2.5s`: to be used inside of other expressions. */
export const TIME_SPAN = String.raw`(?:\d+(?:\.\d+)?(?:ms|[dhms]))+`;

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of what `TIME_SPAN` has matched. */
export const timeSpanMs = (span: string): number =>
  [...span.toLowerCase().matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (UNIT_MS[unit] ?? 0),
    0,
  );
