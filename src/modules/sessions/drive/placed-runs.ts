import { type Launch } from '../../../agents/index.js';
import {
  type DurableRun,
  type DurableRuns,
  type FollowOptions,
  type RunEvent,
  runDirectory,
  type RunKey,
  type StartOptions,
} from '../../../hosts/index.js';
import { type StoredParserState } from '../storage/turn.entity.js';
import { realDirectory } from './real-directory.js';
import { type TurnPlan } from './turn-plan.js';

type Place = NonNullable<StoredParserState['place']>;

/** The runs of a turn's host, of which one is started or followed once it is known where on that host it works. */
export class PlacedRuns {
  /** Whether there may be files on the host that only the removal of the run takes away. */
  hasPutFiles = false;

  constructor(
    private readonly plan: TurnPlan,
    private readonly runs: Pick<DurableRuns, 'start' | 'follow'>,
    private readonly enters: (directory: string) => Promise<void>,
  ) {}

  async *follow(run: RunKey, options: FollowOptions = {}): AsyncGenerator<RunEvent> {
    await this.settle(run, options.signal);
    yield* this.runs.follow(run, options);
  }

  async *start(run: RunKey, options: StartOptions = {}): AsyncGenerator<RunEvent> {
    await this.settle(run, options.signal);
    const { adapter, host, request } = this.plan;
    const launch = adapter.launch(request);
    this.awaitInput(launch);
    if (launch.files && launch.files.length > 0) {
      const files = launch.files.map(({ name, content }) => ({
        name,
        content: Buffer.from(content),
      }));
      this.hasPutFiles = true;
      await host.runs.put(run, files, options.signal && { signal: options.signal });
    }
    yield* this.runs.start(this.durableRun(run, launch), options);
  }

  /** Completes the plan; what it says then stays the same for everyone who drives this attempt. */
  private async settle(run: RunKey, signal: AbortSignal | undefined): Promise<void> {
    const { plan } = this;
    const { row, adapter } = plan;
    const { providerSessionId, spentBefore } = plan.request;
    const place = row.parser?.place ?? {
      ...(await this.find(run, signal)),
      ...{ providerSessionId, spentBefore },
    };
    plan.request = { ...plan.request, ...place };
    plan.cwd = place.cwd;
    const parser: StoredParserState = row.parser ?? adapter.initialState(plan.request);
    // Not every CLI tells which model it was.
    row.parser = { ...parser, place, model: parser.model ?? plan.request.model };
  }

  private async find(run: RunKey, signal: AbortSignal | undefined): Promise<Place> {
    const { host, request } = this.plan;
    const { cwd, directory } = request;
    if (cwd.startsWith('/') && directory !== '') return { cwd, directory };
    const options = signal && { signal };
    const [{ home }, real] = await Promise.all([
      host.environment(options),
      realDirectory(host, cwd, options),
    ]);
    // A directory that is not there is for the start to refuse.
    if (real !== null) await this.enters(real);
    return { cwd: cwd.replace(/^~(?=\/|$)/, () => home), directory: runDirectory(home, run) };
  }

  /** What has been given to an interactive agent with its start, unless its adapter has counted that itself. */
  private awaitInput({ interactive, stdin }: Launch): void {
    const { parser } = this.plan.row;
    if (interactive !== true || parser === null) return;
    parser.outbox ??= { sent: Buffer.byteLength(stdin), unsent: '', closed: false };
  }

  private durableRun(run: RunKey, launch: Launch): DurableRun {
    const { env, cwd, request } = this.plan;
    return {
      ...run,
      argv: launch.argv,
      env: {
        ...launch.env,
        ...env,
        ...launch.fixedEnv,
        ...(request.providerSessionId === null ? {} : { MAESTRO_SESSION_RESUMED: '1' }),
      },
      cwd,
      stdin: Buffer.from(launch.stdin),
      ...(launch.interactive !== undefined && { interactive: launch.interactive }),
      ...(launch.report !== undefined && { report: `${request.directory}/${launch.report}` }),
    };
  }
}
