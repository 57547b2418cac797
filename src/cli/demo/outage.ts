import { setTimeout as pause } from 'node:timers/promises';
import { type StreamEvent } from '../api-shapes.js';
import { turnIdOf } from '../turn-follow.js';
import { isDemoAgent, type Stage } from './demo-stage.js';
import { executionsOf, readJournal } from './journal.js';
import { seconds } from './narrator.js';

const CUT_IN_TASK = 3;
const KILL_IN_TASK = 4;
const SIGNS_OF_WORK = ['turn.output', 'turn.tool'];
/** How long the agent may go on alone before the server comes back. */
const ALONE_LIMIT_MS = 8_000;

export interface Blows {
  cutTurnId: string | null;
  killedTurnId: string | null;
  killedAt: number;
  backAt: number;
  /** When the agent ended that task by its own journal; null when it did not before the server was back. */
  endedAlone: string | null;
}

/** Hurts the run while an agent works: cuts the link in one task, kills the server in the next. */
export class Outage {
  readonly blows: Blows = {
    ...{ cutTurnId: null, killedTurnId: null, killedAt: 0, backAt: 0, endedAlone: null },
  };
  private readonly turnsAtWork: string[] = [];
  private killing: Promise<void> | null = null;

  constructor(private readonly stage: Stage) {}

  /** Every event of the session that does the tasks, in order. */
  see(event: StreamEvent): void {
    const turnId = turnIdOf(event);
    if (turnId === null || !SIGNS_OF_WORK.includes(event.type)) return;
    if (this.turnsAtWork.includes(turnId)) return;
    this.turnsAtWork.push(turnId);
    if (this.turnsAtWork.length === CUT_IN_TASK) this.cut(turnId);
    if (this.turnsAtWork.length === KILL_IN_TASK) {
      this.killing = this.kill(turnId);
      // Its failure is told by `over`, when everything else has been waited for.
      this.killing.catch(() => undefined);
    }
  }

  /** Resolves when the server is back, and throws when it did not come back. */
  async over(): Promise<void> {
    await this.killing;
  }

  private cut(turnId: string): void {
    const { narrator, world } = this.stage;
    this.blows.cutTurnId = turnId;
    narrator.blow('The SSH connection is cut, in the middle of the task');
    world.ssh.cutConnections();
  }

  private async kill(turnId: string): Promise<void> {
    const { narrator, server, agent, signal } = this.stage;
    this.blows.killedTurnId = turnId;
    const executions = isDemoAgent(agent) ? await this.executions() : 0;
    await server.kill();
    this.blows.killedAt = Date.now();
    narrator.blow('The server is killed with SIGKILL, in the middle of the task');
    if (isDemoAgent(agent)) {
      this.blows.endedAlone = await this.untilTaskEnds(executions);
      if (this.blows.endedAlone !== null) {
        narrator.step('The agent has finished the task meanwhile, without link or server');
      }
    } else {
      await pause(3_000, undefined, { signal });
    }
    narrator.step('The server is started again');
    await server.start();
    this.blows.backAt = Date.now();
    narrator.step(`The server is back after ${seconds(this.blows.backAt - this.blows.killedAt)}`);
  }

  private async executions(): Promise<number> {
    return executionsOf(await readJournal(this.stage.world.journal)).length;
  }

  private async untilTaskEnds(executions: number): Promise<string | null> {
    const { world, signal } = this.stage;
    for (const deadline = Date.now() + ALONE_LIMIT_MS; Date.now() < deadline;) {
      const current = executionsOf(await readJournal(world.journal))[executions - 1];
      const end = current?.ends[0];
      if (end) return end.at;
      await pause(100, undefined, { signal });
    }
    return null;
  }
}
