export const etagHeader = (etag: string): string => `"${etag}"`;

/** What a conditional write expects: an etag, null (nothing there), or undefined (no condition). */
export const expectedEtag = (
  headers: Readonly<Record<string, string | undefined>>,
): string | null | undefined => {
  if (headers['if-none-match']?.trim() === '*') return null;
  return headers['if-match']?.trim().replace(/^(?:W\/)?"(.*)"$/, '$1');
};
