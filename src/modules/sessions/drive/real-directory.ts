import { type CallOptions, type Host } from '../../../hosts/index.js';

/** Links are changed seldom, and an answer takes a round trip: it is believed for this long. */
const BELIEVED_MS = 60_000;

const known = new WeakMap<object, Map<string, { path: string; until: number }>>();

/** A directory of a host with every symbolic link resolved; null when it is not there. */
export const realDirectory = async (
  host: Pick<Host, 'files'>,
  directory: string,
  options: CallOptions | undefined,
): Promise<string | null> => {
  const ofHost = known.get(host) ?? new Map<string, { path: string; until: number }>();
  known.set(host, ofHost);
  const now = Date.now();
  for (const [each, { until }] of ofHost) if (until <= now) ofHost.delete(each);
  const path = ofHost.get(directory)?.path ?? (await host.files.stat(directory, options))?.realPath;
  if (path === undefined) return null;
  if (!ofHost.has(directory)) ofHost.set(directory, { path, until: now + BELIEVED_MS });
  return path;
};
