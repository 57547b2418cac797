import { type TurnFile, type TurnImage, type TurnRequest } from '../adapter.js';

/** Images are files of the turn. The CLI knows their kind by their extension, and reads them wherever they are. */
export const attachments = ({
  images,
  directory,
}: Pick<TurnRequest, 'images' | 'directory'>): { flags: string[]; files: TurnFile[] } => {
  const files = images.map(({ mediaType, data }, index) => ({
    name: `image-${index + 1}.${EXTENSION[mediaType]}`,
    content: Buffer.from(data, 'base64'),
  }));
  return { flags: files.flatMap(({ name }) => ['--attachment', `${directory}/${name}`]), files };
};

const EXTENSION: Record<TurnImage['mediaType'], string> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};
