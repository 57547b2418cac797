/**
 * When to try again after a limit, from the CLI's words: "try again in 58 hours", "wait 6 seconds for your limit to
 * reset". RFC 3339, or null when they name no time. Hours are rounded by whoever says so: trying too early costs one
 * refusal, which tells again.
 */
export const resetTime = (notice: string, now: Date): string | null => {
  const [, amount, unit = ''] = WAIT.exec(notice) ?? [];
  if (amount === undefined) return null;
  return new Date(
    now.getTime() + Number(amount) * (UNIT_MS[unit.toLowerCase()] ?? 0),
  ).toISOString();
};

const WAIT = /\b(?:try again in|wait) (\d{1,6}) (second|minute|hour|day)s?\b/i;

const UNIT_MS: Record<string, number> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};
