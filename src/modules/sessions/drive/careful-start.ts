import { type DurableRuns, isRefusedStart, type RunEvent } from '../../../hosts/index.js';

/**
 * The runs of a host, watched for the one thing that decides whether work may be given up or asked for again: whether
 * it may have been started without our knowing. That is so once a start was sent, unless the host itself has refused it.
 */
export class CarefulStart {
  private sent = false;

  constructor(
    private readonly host: { runs: Pick<DurableRuns, 'start' | 'follow'> },
    /** A start was sent, and nobody will ever know from here what became of it. */
    private readonly lostSight: () => void,
  ) {}

  get isSent(): boolean {
    return this.sent;
  }

  readonly runs: Pick<DurableRuns, 'start' | 'follow'> = {
    follow: (run, options) => this.host.runs.follow(run, options),
    start: (run, options) => this.start(run, options),
  };

  private async *start(
    ...[run, options]: Parameters<DurableRuns['start']>
  ): AsyncGenerator<RunEvent> {
    this.sent = false;
    try {
      yield* this.host.runs.start(run, {
        ...options,
        onSend: () => {
          this.sent = true;
        },
      });
    } catch (error) {
      if (this.isSent && (options?.signal?.aborted === true || !isRefusedStart(error)))
        this.lostSight();
      throw error;
    }
  }
}
