import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import {
  remoteShape,
  runShape,
  type StreamEvent,
  type Worktree,
  worktreeShape,
} from '../api-shapes.js';
import { follow, headOf } from '../event-stream.js';
import { type Stage } from './demo-stage.js';

/** A worktree whose directory and session exist. */
export type ReadyWorktree = Worktree & { path: string; sessionId: string };

export interface TaskWatch {
  worktree: ReadyWorktree;
  /** Everything that the session of the worktree has told, up to now. */
  finish: () => Promise<StreamEvent[]>;
}

/** Waits for the worktree of a run, then follows the session that works in it, through every outage. */
export const watchTasks = async (
  stage: Stage,
  runId: string,
  onEvent: (event: StreamEvent) => void,
): Promise<TaskWatch> => {
  const worktree = await worktreeOf(stage, runId);
  const stream = `session:${worktree.sessionId}`;
  stage.narrator.step(`Worktree ${worktree.path}, with a session of its own`);
  const events: StreamEvent[] = [];
  let target = Number.POSITIVE_INFINITY;
  const stopped = new AbortController();
  const stopAtTarget = (): void => {
    if (events.length >= target) stopped.abort();
  };
  const signal = AbortSignal.any([stage.signal, stopped.signal]);
  const collected = (async () => {
    for await (const event of follow(stage.api, stream, { signal })) {
      events.push(event);
      onEvent(event);
      stopAtTarget();
    }
  })();
  collected.catch(() => undefined);
  return {
    worktree,
    finish: async () => {
      target = await headOf(stage.api, stream);
      stopAtTarget();
      await collected;
      return events;
    },
  };
};

const worktreeOf = async ({ api, signal }: Stage, runId: string): Promise<ReadyWorktree> => {
  for (;;) {
    const run = await api.get(`/runs/${runId}`, runShape);
    if (run.worktreeId !== null) {
      const worktree = await api.get(`/worktrees/${run.worktreeId}`, worktreeShape);
      const { path, sessionId } = worktree;
      if (path !== null && sessionId !== null) return { ...worktree, path, sessionId };
    }
    await pause(100, undefined, { signal });
  }
};

const stateEvent = z.looseObject({ state: remoteShape.shape.state });

/** Tells of every change of the remote's state until it is stopped. */
export const watchRemote = ({
  api,
  narrator,
  remote,
  signal,
}: Stage): { stop: () => Promise<void> } => {
  const stopped = new AbortController();
  let last = '';
  const told = (async () => {
    const stream = `remote:${remote.id}`;
    const options = { signal: AbortSignal.any([signal, stopped.signal]) };
    const after = await headOf(api, stream);
    for await (const { type, data } of follow(api, stream, { ...options, after })) {
      const status = stateEvent.safeParse(data).data?.state.status;
      if (type !== 'remote.state' || status === undefined || status === last) continue;
      last = status;
      narrator.note(`${remote.name} is ${status}`);
    }
  })().catch(() => undefined);
  return {
    stop: async () => {
      stopped.abort();
      await told;
    },
  };
};
