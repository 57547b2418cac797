/**
 * Whether a CLI is of that version or a later one, by the first number with dots in what it says of itself. Of one that
 * says nothing, only what needs no version is known.
 */
export const isSince = (said: string | null, since: string | undefined): boolean => {
  if (since === undefined) return true;
  const [version] = /\d+(?:\.\d+)+/.exec(said ?? '') ?? [];
  return version !== undefined && version.localeCompare(since, 'en', { numeric: true }) >= 0;
};
