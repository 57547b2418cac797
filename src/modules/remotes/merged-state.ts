import { isDeepStrictEqual } from 'node:util';
import { type RemoteState, type SeenState, untried } from './remote.js';

/** Which report counts when several processes see a remote differently. */
const RANK: readonly RemoteState['status'][] = [
  'host-key-changed',
  'online',
  'degraded',
  'auth-failed',
  'offline',
  'connecting',
];

/** Only a person can end these, so they outlive the process that met them. */
const NEEDS_A_PERSON: ReadonlySet<RemoteState['status']> = new Set([
  'auth-failed',
  'host-key-changed',
]);

export const needsPerson = ({ status }: Pick<RemoteState, 'status'>): boolean =>
  NEEDS_A_PERSON.has(status);

/**
 * The state of a remote as it follows from what the processes see: it is as well as the one says that reaches it best,
 * but a host key that has changed counts whoever has seen it. Without any report nothing is known.
 */
export const mergedState = (reports: readonly SeenState[], last: RemoteState): RemoteState => {
  const [best] = reports.toSorted(
    (one, other) =>
      RANK.indexOf(one.status) - RANK.indexOf(other.status) ||
      (one.latencyMs ?? Infinity) - (other.latencyMs ?? Infinity),
  );
  if (!best) return needsPerson(last) || last.status === 'unknown' ? last : untried();
  const { status, latencyMs, transport, transportReasons, error } = best;
  const since = status === last.status ? last.since : new Date().toISOString();
  return { status, since, latencyMs, transport, transportReasons, error };
};

/** Whether there is nothing to tell: how long a round trip takes, and the wording of a fault, are no news. */
export const isSameState = (one: RemoteState, other: RemoteState): boolean =>
  one.status === other.status &&
  one.since === other.since &&
  one.error?.code === other.error?.code &&
  one.transport === other.transport &&
  isDeepStrictEqual(one.transportReasons, other.transportReasons);
