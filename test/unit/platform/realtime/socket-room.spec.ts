import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { roomToSend, type Socket } from '../../../../src/platform/realtime/index.js';

class Transport extends EventEmitter {
  writable = false;
}

const setup = () => {
  const conn = Object.assign(new EventEmitter(), { transport: new Transport() });
  const stop = new AbortController();
  let isThere = false;
  const room = roomToSend({ conn } as unknown as Socket, stop.signal).then(() => (isThere = true));
  return { conn, stop, room, isThere: () => isThere };
};
const turn = (): Promise<unknown> => new Promise(setImmediate);

describe('roomToSend', () => {
  it('waits until the transport takes more', async () => {
    const { conn, room, isThere } = setup();
    conn.transport.emit('ready');
    await turn();
    expect(isThere()).toBe(false);
    conn.transport.writable = true;
    conn.transport.emit('ready');
    await room;
    expect(conn.eventNames()).toEqual([]);
    expect(conn.transport.eventNames()).toEqual([]);
  });

  it('goes on with the transport that replaces the one it waits for', async () => {
    const { conn, room, isThere } = setup();
    conn.transport = new Transport();
    conn.emit('upgrade');
    await turn();
    expect(isThere()).toBe(false);
    conn.transport.writable = true;
    conn.transport.emit('ready');
    await room;
  });

  it('ends when it is stopped', async () => {
    const { stop, room } = setup();
    stop.abort();
    await room;
  });
});
