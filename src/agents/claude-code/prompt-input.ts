import { type Launch, type ParserState, type TurnRequest } from '../adapter.js';
import { freshState } from '../stream/parser-state.js';

type Input = Pick<TurnRequest, 'prompt' | 'images'>;

/** A prompt is its text; one with images is a message, whose blocks are on one line. */
export const inputFlags = ({ images }: Input): string[] =>
  images.length === 0 ? [] : ['--input-format', 'stream-json'];

/**
 * A message is only read from a pipe: from a file as stdin, older versions read nothing and exit with 0. After the end
 * of it, the CLI answers and ends.
 */
export const promptOf = (request: Input): Pick<Launch, 'stdin' | 'interactive'> =>
  request.images.length === 0
    ? { stdin: request.prompt }
    : { stdin: messageOf(request), interactive: true };

export const promptState = (request: Input): ParserState => ({
  ...freshState(),
  ...(request.images.length > 0 && {
    outbox: { sent: Buffer.byteLength(messageOf(request)), unsent: '', closed: true },
  }),
});

const messageOf = ({ prompt, images }: Input): string => {
  const content = [
    { type: 'text', text: prompt },
    ...images.map(({ mediaType, data }) => ({
      type: 'image',
      source: { type: 'base64', media_type: mediaType, data },
    })),
  ];
  return `${JSON.stringify({ type: 'user', message: { role: 'user', content } })}\n`;
};
