import { Command, CommanderError } from 'commander';
import { ApiProblem } from './api-problem.js';
import { Cli } from './cli.js';
import { CliFailure } from './cli-failure.js';
import { addChatCommand } from './commands/chat.command.js';
import { addDoctorCommand } from './commands/doctor.command.js';
import { addEventsCommand } from './commands/events.command.js';
import { addPlaybooksCommand } from './commands/playbooks.command.js';
import { addRemotesCommand } from './commands/remotes.command.js';
import { addRunCommand } from './commands/run.command.js';
import { addRunsCommand } from './commands/runs.command.js';
import { addSendCommand } from './commands/send.command.js';
import { addSessionsCommand } from './commands/sessions.command.js';
import { addUsageCommand } from './commands/usage.command.js';
import { addWorktreesCommand } from './commands/worktrees.command.js';
import { addDemoCommand } from './demo/demo.command.js';
import { EXIT, exitCodeFor } from './exit-codes.js';
import { textFor } from './terminal-text.js';
import { type World } from './world.js';

/** Runs one command line (without `node` and the script) and gives its exit code. Never throws. */
export const runCli = async (argv: readonly string[], world: World): Promise<number> => {
  const program = await programFor(argv, world);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, world, argv.includes('--json'));
  }
};

const programFor = async (argv: readonly string[], world: World): Promise<Command> => {
  const program = new Command('maestro')
    .description('AI coding agents on many machines, working together over plain SSH')
    .option('--json', 'results as JSON, streams as NDJSON')
    .option('--server <url>', 'the server (default: MAESTRO_URL, else http://127.0.0.1:8787)')
    .option('--token <token>', "its token (better: MAESTRO_TOKEN; default: a local server's own)")
    .showHelpAfterError('Add --help for help.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      writeErr: (text) => void world.stderr.write(text),
    });
  program.helpCommand(true);
  await addServeCommand(program, argv);
  const cli = new Cli(world);
  for (const add of COMMANDS) add(program, cli);
  return program;
};

const COMMANDS = [
  ...[addRemotesCommand, addSessionsCommand, addSendCommand, addChatCommand],
  ...[addPlaybooksCommand, addRunCommand, addRunsCommand, addWorktreesCommand],
  ...[addUsageCommand, addEventsCommand, addDoctorCommand, addDemoCommand],
];

/** The server is loaded only where it is started: it is hundreds of modules that no other command needs. */
const addServeCommand = async (program: Command, argv: readonly string[]): Promise<void> => {
  if (!startsServer(argv)) {
    program.command('serve').description('start the server');
    return;
  }
  const { serveCommand } = await import('./serve.command.js');
  const serve = serveCommand();
  serve.copyInheritedSettings(program);
  program.addCommand(serve);
};

/** Whether the command is `serve`, or help is asked about it. */
export const startsServer = (argv: readonly string[]): boolean => {
  const [first, second] = argv.filter(
    (word, at) => !word.startsWith('-') && !['--server', '--token'].includes(argv[at - 1] ?? ''),
  );
  return first === 'serve' || (first === 'help' && second === 'serve');
};

const report = (error: unknown, { stderr, signal }: World, json: boolean): number => {
  // Commander has already said what is wrong, or shown what was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (signal.aborted && !(error instanceof CliFailure)) return EXIT.interrupted;
  const failure = factsOf(error);
  stderr.write(
    textFor(stderr, json ? `${JSON.stringify({ error: failure })}\n` : forPeople(failure)),
  );
  return failure.exitCode;
};

interface FailureFacts {
  code?: string;
  message: string;
  hint?: string | undefined;
  errors?: { pointer: string; detail: string }[];
  exitCode: number;
}

const factsOf = (error: unknown): FailureFacts => {
  if (error instanceof ApiProblem) {
    const { code, message, hint, errors, status } = error;
    return { code, message, hint, errors, exitCode: exitCodeFor(code, status) };
  }
  if (error instanceof CliFailure) {
    const { message, hint, exitCode } = error;
    return { message, hint, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  // What `serve` throws says what to do, too.
  const hint =
    error instanceof Error && 'hint' in error && typeof error.hint === 'string'
      ? error.hint
      : undefined;
  return { message, hint, exitCode: EXIT.error };
};

const forPeople = ({ code, message, hint, errors = [] }: FailureFacts): string =>
  [
    code === undefined ? `maestro: ${message}` : `maestro: ${message} (${code})`,
    ...errors.map(({ pointer, detail }) => `  ${pointer || '/'}: ${detail}`),
    ...(hint === undefined ? [] : [`  ${hint}`]),
    '',
  ].join('\n');
