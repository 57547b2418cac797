import { CliFailure } from './cli-failure.js';
import { EXIT } from './exit-codes.js';
import { type World } from './world.js';

/**
 * The text of a prompt: the argument, or standard input when the argument is `-` or absent and something is piped in.
 * Arguments are seen by everybody on the machine; `-` keeps a prompt private.
 */
export const promptFrom = async (
  argument: string | undefined,
  stdin: World['stdin'],
): Promise<string> => {
  if (argument !== undefined && argument !== '-') return nonEmpty(argument);
  if (argument === undefined && stdin.isTTY) {
    throw new CliFailure(EXIT.usage, 'There is no prompt', {
      hint: 'Give it as an argument, pipe it in, or use `-` and end it with Ctrl-D.',
    });
  }
  return nonEmpty((await readAll(stdin)).toString('utf8'));
};

/** Everything that is piped in, or typed until Ctrl-D. */
export const readAll = async (stdin: World['stdin']): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
};

const nonEmpty = (text: string): string => {
  if (text.trim() === '') throw new CliFailure(EXIT.usage, 'The prompt is empty');
  return text;
};
