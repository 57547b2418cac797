import { z } from 'zod';
import { type ApiClient } from './api-client.js';
import { type Run, runShape, type StreamEvent, taskShape } from './api-shapes.js';
import { follow } from './event-stream.js';

const ENDED = ['completed', 'failed', 'stopped'];

/** Shows every event of a run until it has ended, or is paused for a person, and gives the run as it then is. */
export const followRun = async (
  api: ApiClient,
  runId: string,
  options: {
    after?: number;
    signal: AbortSignal;
    onEvent: (event: StreamEvent) => void;
    onLink?: (up: boolean) => void;
  },
): Promise<Run> => {
  const { after = 0, signal, onLink } = options;
  for await (const event of follow(api, `run:${runId}`, {
    after,
    signal,
    ...(onLink && { onLink }),
  })) {
    options.onEvent(event);
    const state = event.type === 'run.state' && stateData.safeParse(event.data).data?.state;
    // A pause may be over already; an end is for ever.
    if (state !== 'paused' && !ENDED.includes(state || '')) continue;
    const run = await api.get(`/runs/${runId}`, runShape);
    if (state !== 'paused' || run.state === 'paused') return run;
  }
  throw signal.reason;
};

const stateData = z.looseObject({
  state: z.string(),
  pause: runShape.shape.pause.optional(),
  endReason: z.string().nullish(),
});
const progressData = z.looseObject({ progress: runShape.shape.progress });
const taskData = z.looseObject({ task: taskShape });

/** The events of a run as lines for people; says nothing twice. */
export class RunProgress {
  private readonly last = new Map<string, string>();

  linesOf({ type, data }: StreamEvent): string[] {
    const line = lineOf(type, data);
    if (line === null || line === this.last.get(type)) return [];
    this.last.set(type, line);
    return [line];
  }
}

const lineOf = (type: string, data: unknown): string | null => {
  if (type === 'run.state') {
    const state = stateData.safeParse(data).data;
    if (!state) return null;
    const why = state.pause?.detail ?? state.pause?.reason ?? state.endReason;
    return `run is ${state.state}${why ? ` (${why})` : ''}`;
  }
  if (type === 'run.progress') {
    const progress = progressData.safeParse(data).data?.progress;
    return progress ? `${progress.tasksDone} of ${progress.tasksTotal} tasks done` : null;
  }
  if (type === 'run.task') {
    const task = taskData.safeParse(data).data?.task;
    return task ? `task ${task.state}: ${task.text}` : null;
  }
  return null;
};
