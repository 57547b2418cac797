import { type Command } from 'commander';
import { ApiClient } from './api-client.js';
import { type ConnectionOptions, connectionOf } from './connection.js';
import { promptFrom } from './prompt-input.js';
import { textFor } from './terminal-text.js';
import { type World } from './world.js';

interface GlobalOptions extends ConnectionOptions {
  json?: boolean;
}

/** What every command works with: the API, the two output streams, and the prompt. Results go to stdout only. */
export class Cli {
  constructor(readonly world: World) {}

  async api(command: Command): Promise<ApiClient> {
    const options = command.optsWithGlobals<GlobalOptions>();
    const { server, token } = await connectionOf(options, this.world.env);
    return new ApiClient(server, token, this.world.signal);
  }

  wantsJson(command: Command): boolean {
    return command.optsWithGlobals<GlobalOptions>().json === true;
  }

  /** One result: as JSON where that was asked for, else as people read it. */
  print(command: Command, value: unknown, forPeople: string): void {
    this.write(this.wantsJson(command) ? `${JSON.stringify(value, null, 2)}\n` : forPeople);
  }

  /** One line of NDJSON. */
  line(value: unknown): void {
    this.write(`${JSON.stringify(value)}\n`);
  }

  write(text: string): void {
    const { stdout } = this.world;
    stdout.write(textFor(stdout, text));
  }

  /** What a person may want to know meanwhile; never part of a result. */
  progress(text: string): void {
    const { stderr } = this.world;
    stderr.write(textFor(stderr, `${text}\n`));
  }

  prompt(argument: string | undefined): Promise<string> {
    return promptFrom(argument, this.world.stdin);
  }
}
