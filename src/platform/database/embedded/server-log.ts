import { open, rename, stat } from 'node:fs/promises';

const KEPT_BYTES = 5_000_000;
const TAIL_BYTES = 4_000;

export const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** What was written after `offset`, its end if that is long. */
export const readSince = async (path: string, offset: number): Promise<string> => {
  const start = Math.max(offset, (await sizeOf(path)) - TAIL_BYTES);
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(TAIL_BYTES),
      position: start,
    });
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await file.close();
  }
};

/** PostgreSQL logs only starts, stops and crashes here; over the years even that adds up. */
export const rotate = async (path: string): Promise<void> => {
  if ((await sizeOf(path)) > KEPT_BYTES) await rename(path, `${path}.1`);
};
