import { type Command } from 'commander';
import { z } from 'zod';
import { type StreamEvent, type Turn, turnShape } from '../api-shapes.js';
import { type Cli } from '../cli.js';
import { CliFailure } from '../cli-failure.js';
import { Deadline } from '../deadline.js';
import { headOf } from '../event-stream.js';
import { EXIT } from '../exit-codes.js';
import { findSession } from '../find.js';
import { collect, given, imagesFrom, positiveNumber } from '../option-values.js';
import { followTurn, outputOf } from '../turn-follow.js';

interface SendOptions {
  readOnly?: boolean;
  fresh?: boolean;
  image?: string[];
  detach?: boolean;
  timeout?: number;
}

export const addSendCommand = (program: Command, cli: Cli): void => {
  program
    .command('send <session> [prompt]')
    .description(
      'give a session a prompt (`-` or nothing: from standard input) and show what it says',
    )
    .option('--read-only', 'the agent may look, not change')
    .option('--fresh', "without the session's conversation so far")
    .option('-i, --image <path>', 'attach an image (repeat for more)', collect)
    .option('--detach', 'do not wait for the answer')
    .option('--timeout <seconds>', 'stop waiting after this long; the turn goes on', positiveNumber)
    .action(
      async (
        name: string,
        argument: string | undefined,
        options: SendOptions,
        command: Command,
      ) => {
        const prompt = await cli.prompt(argument);
        const api = await cli.api(command);
        const sessionId = await findSession(api, name);
        const after = await headOf(api, `session:${sessionId}`);
        const { readOnly, fresh } = options;
        const images = options.image && (await imagesFrom(options.image));
        const body = given({ prompt, readOnly, fresh, images });
        const turn = await api.start(`/sessions/${sessionId}/turns`, body, turnShape);
        if (options.detach) {
          cli.print(command, turn, `${turn.id}\n`);
          return;
        }
        const deadline = new Deadline(cli.world.signal, options.timeout);
        const show = cli.wantsJson(command) ? new Lines(cli) : new Text(cli);
        try {
          const { signal } = deadline;
          const onEvent = (event: StreamEvent): void => {
            show.event(event);
          };
          const ended = await followTurn(api, turn, { after, signal, onEvent });
          show.end(ended);
          if (ended.state !== 'completed') throw failedTurn(ended);
        } catch (error) {
          throw deadline.explain(
            error,
            `Turn ${turn.id} goes on; \`maestro sessions stop ${name}\` cancels it.`,
          );
        } finally {
          deadline.clear();
        }
      },
    );
};

/** What a person reads: the agent's words on stdout, all else on stderr. */
class Text {
  private said = '';

  constructor(private readonly cli: Cli) {}

  event(event: StreamEvent): void {
    const text = outputOf(event);
    this.said += text;
    if (text !== '') this.cli.write(text);
    const tool = toolShape.safeParse(event.data).data?.tool;
    if (event.type === 'turn.tool' && tool) this.cli.progress(toolLine(tool));
    if (event.type === 'turn.limited') {
      this.cli.progress(`The provider's limit is reached; it goes on ${resumption(event)}.`);
    }
    if (event.type === 'turn.resumed-afresh') {
      this.cli.progress('Its conversation goes on in a new session of the agent.');
    }
    if (event.type === 'turn.waiting') {
      this.cli.progress(waitOf(event));
    }
  }

  end({ text }: Turn): void {
    // An agent that does not stream says everything at its end.
    if (this.said === '' && text !== null) this.cli.write(text);
    if (!(this.said || text || '\n').endsWith('\n')) this.cli.write('\n');
  }
}

/** NDJSON: every event of the turn, and the whole turn as the last line. */
class Lines {
  constructor(private readonly cli: Cli) {}

  event(event: StreamEvent): void {
    this.cli.line(event);
  }

  end(turn: Turn): void {
    this.cli.line({ type: 'result', data: turn });
  }
}

const waitShape = z.looseObject({
  turn: z.looseObject({
    waiting: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
    retryAt: z.string().nullish(),
  }),
});

const waitOf = ({ data }: StreamEvent): string => {
  const turn = waitShape.safeParse(data).data?.turn;
  if (!turn?.waiting) return 'Its host is heard again.';
  const { code, message } = turn.waiting;
  if (!code.startsWith('agent/')) return `It waits for its host: ${message}`;
  return `${message}; it is tried again at ${turn.retryAt ?? 'a later time'}.`;
};

const toolShape = z.looseObject({
  tool: z.looseObject({ name: z.string(), phase: z.string(), summary: z.string().nullable() }),
});

const toolLine = ({ name, phase, summary }: z.infer<typeof toolShape>['tool']): string =>
  [`· ${name} ${phase}`, ...(summary === null ? [] : [summary])].join(' ');

const limited = z.looseObject({ turn: z.looseObject({ resumesAt: z.string().nullish() }) });

const resumption = ({ data }: StreamEvent): string => {
  const at = limited.safeParse(data).data?.turn.resumesAt;
  return at ? `at ${at}` : 'when the provider allows it';
};

/** Exit 8 whatever the reason was: the work itself did not succeed. */
export const failedTurn = ({ state, error }: Turn): CliFailure =>
  new CliFailure(
    error?.code.includes('budget') ? EXIT.budget : EXIT.workFailed,
    error === null
      ? `The turn is ${state}`
      : `The turn is ${state}: ${error.message} (${error.code})`,
    error?.hint ? { hint: error.hint } : {},
  );
