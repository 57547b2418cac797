import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Cli } from '../cli.js';
import { CliFailure } from '../cli-failure.js';
import { EXIT } from '../exit-codes.js';
import { collect, envFrom, wholeNumber } from '../option-values.js';
import { actGroupChat } from './act-group-chat.js';
import { actPlaybook } from './act-playbook.js';
import { DemoServer } from './demo-server.js';
import { type AgentChoice, isDemoAgent, setTheStage, type Stage } from './demo-stage.js';
import {
  type DemoWorld,
  makeRoot,
  makeWorld,
  removeRoot,
  type SshServerChoice,
} from './demo-world.js';
import { Narrator, seconds } from './narrator.js';
import { git, requireGit } from './projects.js';
import { proveLogs, provePlaybook } from './proofs.js';
import { stopAll } from './stop-all.js';

interface DemoOptions {
  exit?: boolean;
  agent: string;
  agentCommand?: string;
  agentEnv?: string[];
  pace: number;
  keep?: boolean;
  sshServer: SshServerChoice;
}

export const addDemoCommand = (program: Command, cli: Cli): void => {
  program
    .command('demo')
    .description(
      'show it all on this machine: a group chat, a playbook over SSH, a cut link and a killed server',
    )
    .option('--exit', 'stop at the end, instead of leaving the server up until Ctrl-C')
    .option('-a, --agent <agent>', 'a real agent CLI instead of the demo agent', 'demo')
    .option('--agent-command <path>', 'where that CLI is, if not in the login PATH')
    .option('--agent-env <KEY=VALUE>', 'environment for it; KEY alone takes it from here', collect)
    .option('--pace <ms>', "the demo agent's pause between words, at least 100", pace, 200)
    .option('--keep', 'keep the directory with all that the demo made')
    .addOption(
      new Option('--ssh-server <which>', 'what the remote is')
        .choices(['auto', 'openssh', 'builtin'])
        .default('auto'),
    )
    .action(async (options: DemoOptions, command: Command) => {
      await requireGit();
      const narrator = new Narrator(cli.world, cli.wantsJson(command));
      await new Demo(cli, narrator, options).run();
    });
};

/** The blows must find the agent at work. */
const pace = (text: string): number => {
  const ms = wholeNumber(text);
  if (ms < 100) throw new InvalidArgumentError('Give at least 100.');
  return ms;
};

/** Nothing in the demo may hang for ever; real models may take their time. */
const LIMIT_MS = { demo: 5 * 60_000, real: 60 * 60_000 };

class Demo {
  private readonly signal: AbortSignal;
  private readonly tooLate: AbortSignal;
  private readonly agent: AgentChoice;
  private world: DemoWorld | null = null;
  private server: DemoServer | null = null;
  private stage: Stage | null = null;

  constructor(
    private readonly cli: Cli,
    private readonly narrator: Narrator,
    private readonly options: DemoOptions,
  ) {
    const { agent, agentCommand, agentEnv } = options;
    const env = envFrom(agentEnv, cli.world.env);
    this.agent = { agent, command: agentCommand ?? null, env };
    this.tooLate = AbortSignal.timeout(isDemoAgent(this.agent) ? LIMIT_MS.demo : LIMIT_MS.real);
    this.signal = AbortSignal.any([cli.world.signal, this.tooLate]);
  }

  async run(): Promise<void> {
    const root = await makeRoot();
    let failed = true;
    try {
      await this.play(root);
      failed = this.narrator.proofs.some(({ ok }) => !ok);
      if (!this.options.exit) await this.untilInterrupted();
    } catch (error) {
      throw this.explain(error);
    } finally {
      await this.cleanUp(root, failed && !this.cli.world.signal.aborted);
    }
    const wrong = this.narrator.proofs.filter(({ ok }) => !ok);
    if (wrong.length > 0) {
      throw new CliFailure(
        EXIT.error,
        `${wrong.length} of ${this.narrator.proofs.length} things were not as said`,
      );
    }
  }

  private async play(root: string): Promise<void> {
    const { narrator } = this;
    const stage = await this.prepare(root);
    const before = { head: await git(stage.world.projects.api, 'rev-parse', 'HEAD') };
    const chatId = await actGroupChat(stage);
    const act = await actPlaybook(stage);
    narrator.act('What is proved');
    const turns = await provePlaybook(stage, act, before);
    await proveLogs(stage, [
      { name: 'the group chat', stream: `groupchat:${chatId}` },
      { name: stage.web.name, stream: `session:${stage.web.id}` },
      { name: stage.shop.name, stream: `session:${stage.shop.id}` },
      {
        ...{ name: 'the session of the worktree', live: act.sessionEvents },
        stream: `session:${act.worktree.sessionId}`,
      },
      { name: 'the run', stream: `run:${act.run.id}`, live: act.runEvents },
    ]);
    this.summarize(stage, turns.length, act.blows.backAt - act.blows.killedAt);
  }

  private async prepare(root: string): Promise<Stage> {
    const { narrator, signal } = this;
    narrator.act('Getting ready');
    const world = await makeWorld(root, this.options.sshServer);
    this.world = world;
    if (isDemoAgent(this.agent)) {
      this.agent.env = {
        MAESTRO_DEMO_JOURNAL: world.journal,
        MAESTRO_DEMO_PACE_MS: String(this.options.pace),
        ...this.agent.env,
      };
    }
    narrator.step(`Two git projects in ${join(root, 'projects')}`);
    // A real CLI is signed in only in the real home.
    const home = isDemoAgent(this.agent) ? world.home : homedir();
    const server = new DemoServer(world.dataDir, home, join(root, 'server.log'), signal);
    this.server = server;
    await server.start();
    narrator.step(`The server is up at ${server.url} (${this.storesInUse()})`);
    const api = await server.client();
    const stage = await setTheStage({
      ...{ world, server, api, narrator, signal },
      agent: this.agent,
    });
    this.stage = stage;
    narrator.actEnds();
    return stage;
  }

  private storesInUse(): string {
    const { env } = this.cli.world;
    const database = env['DATABASE_URL'] ? 'PostgreSQL of DATABASE_URL' : 'embedded PostgreSQL';
    return `${database}, ${env['REDIS_URL'] ? 'Redis of REDIS_URL' : 'no Redis'}`;
  }

  private summarize(
    { server, world, remote, agent }: Stage,
    tasks: number,
    outageMs: number,
  ): void {
    const { narrator, options } = this;
    const { proofs } = narrator;
    const good = proofs.filter(({ ok }) => ok).length;
    const facts = {
      ...{ ok: good === proofs.length, proofs, elapsedMs: narrator.elapsed(), outageMs },
      ...{ url: server.url, tokenFile: server.tokenFile, agent: agent.agent },
    };
    narrator.act('Summary');
    narrator.summary(facts, [
      `${good} of ${proofs.length} things were as said, in ${seconds(narrator.elapsed())}`,
      `On this machine: the moderator, and one agent in ${world.projects.web}`,
      `Over SSH on ${remote.name}: one agent and ${tasks} tasks in ${world.projects.api} and its worktree`,
      `Survived: a cut SSH link, and ${seconds(outageMs)} without a server`,
      ...(options.exit
        ? []
        : [
            '',
            `The server is still up: ${server.url} (API: ${server.url}/api/docs)`,
            `Its token is in ${server.tokenFile}`,
            'Ctrl-C ends it all.',
          ]),
    ]);
  }

  private async untilInterrupted(): Promise<void> {
    const { signal } = this.cli.world;
    // An open timer keeps the process alive, a pending promise alone would not.
    const alive = setInterval(() => undefined, 60_000);
    if (!signal.aborted) await once(signal, 'abort');
    clearInterval(alive);
  }

  private explain(error: unknown): unknown {
    if (this.cli.world.signal.aborted) return new CliFailure(EXIT.interrupted, 'Interrupted');
    if (this.tooLate.aborted) return new CliFailure(EXIT.timeout, 'The demo took too long');
    return error;
  }

  /** Stops what the demo started, and only that. */
  private async cleanUp(root: string, failed: boolean): Promise<void> {
    if (this.stage) {
      await stopAll(this.stage).catch((error: unknown) => {
        this.cli.progress(`Not everything could be stopped: ${String(error)}`);
      });
    }
    await this.server?.stop();
    await this.world?.ssh.stop();
    if (this.options.keep || failed) this.cli.progress(`Everything is kept in ${root}`);
    else await removeRoot(root);
  }
}
