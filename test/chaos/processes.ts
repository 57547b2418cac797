import { readdir, readFile } from 'node:fs/promises';

/** Processes of this machine in whose environment one of these `NAME=value` stands, as `pid command`. */
export const processesWith = async (variables: readonly string[]): Promise<string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string): Promise<string[]> =>
        readFile(`/proc/${pid}/${file}`, 'utf8').then(
          (text) => text.split('\0'),
          () => [],
        );
      const environment = new Set(await read('environ'));
      if (!variables.some((variable) => environment.has(variable))) return null;
      return `${pid} ${(await read('cmdline')).join(' ').slice(0, 200)}`;
    }),
  );
  return found.filter((each) => each !== null);
};
