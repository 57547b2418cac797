import { randomBytes } from 'node:crypto';

import { type DurableRun, type RunEvent, type RunOffsets } from '../../../src/hosts/host.js';

export interface Outcome {
  stdout: Buffer;
  stderr: Buffer;
  events: RunEvent[];
  last: RunEvent | undefined;
}

export const collect = async (events: AsyncIterable<RunEvent>): Promise<Outcome> => {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  const bytes = (stream: string): Buffer =>
    Buffer.concat(all.flatMap((e) => (e.type === 'output' && e.stream === stream ? [e.data] : [])));
  return { stdout: bytes('stdout'), stderr: bytes('stderr'), events: all, last: all.at(-1) };
};

/** Takes part of a run, then leaves: answers the offsets of what was taken. */
export const takeUntil = async (
  events: AsyncIterable<RunEvent>,
  enough: (event: RunEvent) => boolean,
): Promise<RunOffsets> => {
  const taken = { stdout: 0, stderr: 0 };
  for await (const event of events) {
    if (event.type === 'output') taken[event.stream] = event.offset;
    if (enough(event)) break;
  }
  return taken;
};

export const exited = (exitCode: number, rest: object = {}): object => ({
  type: 'ended',
  verdict: { kind: 'exited', exitCode, signal: null, why: null, ...rest },
});

export const sh = (script: string, rest: Partial<DurableRun> = {}): DurableRun => ({
  id: `test-${randomBytes(8).toString('hex')}`,
  nonce: randomBytes(8).toString('hex'),
  argv: ['sh', '-c', script],
  env: {},
  cwd: '~',
  stdin: Buffer.alloc(0),
  ...rest,
});
