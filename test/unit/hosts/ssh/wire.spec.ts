import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { socketWire, type Wire } from '../../../../src/hosts/ssh/ssh2/wire.js';

const PIECE = Buffer.alloc(64 * 1024);

const wireTo = (port: number): Wire =>
  socketWire({
    ...{ id: '1', name: 'devbox', host: '127.0.0.1', port, username: 'alice' },
    privateKeys: [],
  });

/** Writes until nothing more is taken for a second; bytes that the system has taken. */
const fill = async ({ stream }: Wire): Promise<number> => {
  let taken = 0;
  let isTaking = true;
  while (isTaking) {
    isTaking = await new Promise<boolean>((resolve) => {
      const silence = setTimeout(() => {
        // A process that was busy for so long hears first of what was taken meanwhile.
        setImmediate(resolve, false);
      }, 1_000);
      stream.write(PIECE, (error) => {
        if (error) return;
        clearTimeout(silence);
        taken += PIECE.length;
        resolve(true);
      });
    });
  }
  return taken;
};

describe('A TCP connection that is ended at once', () => {
  it('does not deliver later what the other side has not taken yet', async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const wire = wireTo((server.address() as AddressInfo).port);
    wire.stream.on('error', () => undefined);
    const [[far]] = await Promise.all([accepted, once(wire.stream, 'connect')]);
    far.on('error', () => undefined);
    const taken = await fill(wire);

    wire.destroy();
    await wire.closed;
    let delivered = 0;
    far.on('data', (data: Buffer) => (delivered += data.length));
    const over = once(far, 'close');
    far.resume();
    await over;
    expect(delivered).toBeLessThan(taken);
    await promisify(server.close.bind(server))();
  });

  it('is closed at any time: while it is made, after its goodbye, and twice', async () => {
    const server = createServer((far) => far.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const beginning = wireTo(port);
    beginning.destroy();
    await beginning.closed;

    const leaving = wireTo(port);
    await once(leaving.stream, 'connect');
    leaving.stream.end();
    leaving.destroy();
    leaving.destroy();
    await leaving.closed;
    await promisify(server.close.bind(server))();
  });
});
