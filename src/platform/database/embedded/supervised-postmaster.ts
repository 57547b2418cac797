import { setTimeout as delay } from 'node:timers/promises';
import {
  type Postmaster,
  type PostmasterSettings,
  startPostmaster,
  stopPostmaster,
} from './postmaster.js';

const RELAUNCH_PAUSE_MS = 1_000;

/** A constant message and the facts. */
export type Log = (message: string, facts?: Record<string, unknown>) => void;

/** A postmaster that is brought back, on its port, until it is stopped on purpose. */
export class SupervisedPostmaster {
  #running: Postmaster | null = null;
  #stopping = false;
  #relaunch: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: PostmasterSettings,
    private readonly log: Log,
  ) {}

  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  async start(port?: number): Promise<number> {
    const running = await startPostmaster(this.settings, port);
    this.#running = running;
    running.child.once('exit', (code, signal) => {
      if (this.#stopping) return;
      this.log('the embedded database ended by itself; relaunching it', { code, signal });
      this.#relaunch = this.relaunch(running.port);
    });
    return running.port;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#relaunch;
    if (this.#running === null) return;
    this.#running.child.ref();
    await stopPostmaster(this.#running.pid);
    this.#running = null;
  }

  private async relaunch(port: number): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.start(port);
        return;
      } catch (error) {
        this.log('the embedded database does not come back; trying again', {
          reason: error instanceof Error ? error.message : String(error),
        });
        await delay(RELAUNCH_PAUSE_MS);
      }
    }
  }
}
