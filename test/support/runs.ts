import { type Run, type RunTask } from '../../src/modules/autorun/index.js';
import { type Api } from './api.js';

/** The runs of one session, as its tests ask for them. */
export class Runs {
  constructor(
    private readonly api: Api,
    private readonly sessionId: string,
  ) {}

  start(request: object, ...paths: string[]): Promise<Run> {
    return this.api.post<Run>('/runs', {
      sessionId: this.sessionId,
      ...(paths.length > 0 && { documents: paths.map((path) => ({ path })) }),
      ...request,
    });
  }

  reach(run: Run, ...states: string[]): Promise<Run> {
    return this.api.until<Run>(`/runs/${run.id}`, ({ state }) => states.includes(state));
  }

  /** The turn of the current task, when its agent is at work. */
  async turnAtWork({ id }: Run): Promise<string> {
    const { turnId } = await this.api.until<Run>(`/runs/${id}`, (run) => run.turnId !== null);
    if (turnId === null) throw new Error(`Run ${id} has no turn`);
    await this.api.until<{ state: string }>(`/turns/${turnId}`, ({ state }) => state === 'running');
    return turnId;
  }

  async tasksOf({ id }: Run): Promise<RunTask[]> {
    return (await this.api.get<{ items: RunTask[] }>(`/runs/${id}/tasks`)).items;
  }

  async eventsOf({ id }: Run): Promise<{ type: string; data: Record<string, unknown> }[]> {
    const path = `/events?stream=run:${id}&after=0&limit=200`;
    return (await this.api.get<{ items: never[] }>(path)).items;
  }
}
