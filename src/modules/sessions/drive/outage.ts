import { type TurnRow } from '../storage/turn.entity.js';

/** A turn that cannot have begun is given back when its host was away for this long, or is still away. */
const GIVE_BACK_MS = 5_000;
const GIVE_BACK_AGAIN_MS = 1_000;
/** A shorter loss of the link is not worth telling. */
const BLIP_MS = 1_000;

export interface OutageSteps {
  /** Records why the host cannot be heard. Never fails. */
  unheard(reason: unknown): Promise<void>;
  /** Records that the host is heard again. */
  heardAgain(): Promise<void>;
}

/** What is told and done when the host of a turn cannot be heard, and when it is heard again. */
export class Outage {
  private timers: NodeJS.Timeout[] = [];
  private telling: Promise<void> = Promise.resolve();

  constructor(
    private readonly row: Pick<TurnRow, 'waiting'>,
    private readonly steps: OutageSteps,
  ) {}

  /** Resolves when all is told; rejects when it could not be. */
  get told(): Promise<void> {
    return this.telling;
  }

  /** @param giveBack called when it has lasted too long for a turn that has not begun. */
  begin(reason: unknown, giveBack: () => void): void {
    this.stop();
    const patienceMs = this.row.waiting === null ? GIVE_BACK_MS : GIVE_BACK_AGAIN_MS;
    this.timers = [
      setTimeout(() => {
        this.telling = this.steps.unheard(reason);
      }, BLIP_MS),
      setTimeout(giveBack, patienceMs),
    ];
  }

  end(): void {
    this.stop();
    this.telling = this.telling.then(async () => {
      if (this.row.waiting !== null) await this.steps.heardAgain();
    });
    // Whoever takes the next event hears of a failure.
    this.telling.catch(() => undefined);
  }

  /** Nothing more is told. */
  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
  }
}
