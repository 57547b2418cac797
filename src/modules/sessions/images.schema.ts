import { z } from 'zod';
import { storableText } from '../../platform/events/index.js';
import { body } from '../../platform/http/index.js';

const MAX_IMAGES = 20;
/** What a request may carry at all leaves no room for more. */
const MAX_BYTES = 5_000_000;

export const MEDIA_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;
type MediaType = (typeof MEDIA_TYPES)[number];

/** How a file of each type begins. */
const BEGINNINGS: Record<MediaType, RegExp> = {
  'image/png': /^\x89PNG\r\n\x1a\n/,
  'image/jpeg': /^\xff\xd8\xff/,
  'image/gif': /^GIF8[79]a/,
  'image/webp': /^RIFF[^]{4}WEBP/,
};

const image = body({
  name: z.string().max(200).transform(storableText).describe('For people; never a path'),
  mediaType: z.enum(MEDIA_TYPES),
  data: z
    .base64({ abort: true })
    .min(1, { abort: true })
    .describe('The file in base64: its bytes must be what mediaType says'),
}).refine(({ mediaType, data }) => BEGINNINGS[mediaType].test(beginningOf(data)), {
  path: ['data'],
  message: 'its bytes are not what mediaType says',
});

/** Images that go with a prompt or a message. */
export const imagesSchema = z
  .array(image)
  .max(MAX_IMAGES)
  .refine((images) => images.reduce((sum, { data }) => sum + bytesOf(data), 0) <= MAX_BYTES, {
    message: `together they must not have more than ${MAX_BYTES} bytes`,
  })
  .describe(
    `At most ${MAX_IMAGES}, together at most ${MAX_BYTES} bytes before base64: png, jpeg, gif or webp. Refused with \`agent/unsupported\` by an agent that takes none.`,
  );

const beginningOf = (data: string): string =>
  Buffer.from(data.slice(0, 64), 'base64').toString('latin1');

const bytesOf = (data: string): number => Buffer.byteLength(data, 'base64');
