import { type TurnFile, type TurnImage, type TurnRequest } from '../adapter.js';

const EXTENSIONS: Record<TurnImage['mediaType'], string> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};

/** The images of a turn as files of its own, by their order: what their sender called them is no file name. */
export const imageFiles = ({ images }: Pick<TurnRequest, 'images'>): TurnFile[] =>
  images.map(({ mediaType, data }, index) => ({
    name: `image-${index + 1}.${EXTENSIONS[mediaType]}`,
    content: Buffer.from(data, 'base64'),
  }));

/** Where they are on the host. */
export const imagePaths = (turn: Pick<TurnRequest, 'images' | 'directory'>): string[] =>
  imageFiles(turn).map(({ name }) => `${turn.directory}/${name}`);
