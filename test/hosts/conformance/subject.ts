import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

import { type Host } from '../../../src/hosts/host.js';

export interface HostUnderTest {
  host: Host;
  /** The same host as a new process of the server finds it. */
  reopen: () => Promise<Host>;
  /** Cuts the link (all open channels), which can be made again at once. */
  cutLink?: () => void | Promise<void>;
  close(): Promise<void>;
}

/** What the parts of the suite are given, once the host is open. */
export interface Subject extends HostUnderTest {
  home: string;
}

/** Texts that a shell would take for something else. */
export const ODD = [
  "it's",
  '"quoted" \\back\\\\slash\\n',
  '$HOME `id` $(id) ${x}',
  'two\nlines\n',
  '\n',
  '*?[a]{b,c}~ ; & | < > ( ) # !',
  '',
  '-n',
  ' lead and trail ',
  'tab\tcr\rÁÈ日本\u0081',
];

export const sha = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** Waits for a condition of the outside world, for at most 60 s. */
export const until = async (condition: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('What was waited for did not come');
};

/** Pids on this machine whose command line holds a text: every tested host runs here. */
export const pidsWith = async (text: string): Promise<number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, index) => lines[index]?.includes(text)).map(Number);
};
