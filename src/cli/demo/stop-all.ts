import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type ApiClient } from '../api-client.js';
import { anything } from '../api-shapes.js';
import { type Stage, type UnderWay } from './demo-stage.js';

const LIMIT_MS = 60_000;
const withState = z.looseObject({ state: z.string() });

/** Stops what still goes on when the demo is left early: agents outlive the server, and real ones cost money. */
export const stopAll = async ({
  server,
  underWay,
}: Pick<Stage, 'server' | 'underWay'>): Promise<void> => {
  if (underWay.length === 0) return;
  const signal = AbortSignal.timeout(LIMIT_MS);
  // It may have been left while the server was dead: only a server can stop what goes on.
  await server.revive(signal);
  const api = await server.client(signal);
  await Promise.allSettled(underWay.map((work) => stopOne(api, work, signal)));
};

const stopOne = async (api: ApiClient, work: UnderWay, signal: AbortSignal): Promise<void> => {
  const isAtRest = async (): Promise<boolean> =>
    work.atRest.includes((await api.get(work.path, withState)).state);
  if (await isAtRest()) return;
  await api.post(`${work.path}/${work.stop}`, {}, anything);
  while (!(await isAtRest())) await pause(200, undefined, { signal });
};
