import { type Command } from 'commander';
import { type Cli } from '../cli.js';
import { CliFailure } from '../cli-failure.js';
import { connectionOf } from '../connection.js';
import { type Check, checkMachine } from '../doctor/machine-checks.js';
import { checkServer } from '../doctor/server-checks.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

export const addDoctorCommand = (program: Command, cli: Cli): void => {
  program
    .command('doctor')
    .description('check the server, the token and what this machine has')
    .action(async (_options: object, command: Command) => {
      const { tokenFrom } = await connectionOf(command.optsWithGlobals(), cli.world.env);
      const api = await cli.api(command);
      const checks = [
        ...(await checkServer(api, tokenFrom)),
        ...(await checkMachine(cli.world.env)),
      ];
      const wrong = checks.find(({ verdict }) => verdict === 'wrong');
      cli.print(command, { ok: wrong === undefined, checks }, checks.map(lineOf).join(''));
      if (wrong)
        throw new CliFailure(EXIT_OF[wrong.name] ?? EXIT.error, `${wrong.name}: ${wrong.detail}`);
    });
};

const EXIT_OF: Partial<Record<string, ExitCode>> = {
  server: EXIT.unreachable,
  token: EXIT.auth,
};

const MARKS = { fine: '✓', missing: '–', wrong: '✗' } as const;

const lineOf = ({ name, verdict, detail, hint }: Check): string =>
  `${MARKS[verdict]} ${name.padEnd(10)} ${detail}\n${hint === undefined ? '' : `${' '.repeat(13)}${hint}\n`}`;
