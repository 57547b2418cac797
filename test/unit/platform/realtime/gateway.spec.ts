import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { io, type Socket } from 'socket.io-client';
import { EventLog, type LoggedEvent } from '../../../../src/platform/events/index.js';
import { EventsController } from '../../../../src/platform/realtime/events.controller.js';
import { EventsGateway } from '../../../../src/platform/realtime/events.gateway.js';
import { startHttp, TOKEN } from '../http/http-app.js';
import { InMemoryLog, STREAM } from './in-memory-log.js';

const OTHER = 'run:0199aaaa-0000-7000-8000-000000000002';

const start = async (transports = ['websocket']) => {
  const log = new InMemoryLog();
  const http = await startHttp({
    controllers: [EventsController],
    providers: [EventsGateway, { provide: EventLog, useValue: log }],
  });
  const sockets: Socket[] = [];
  const connect = (auth: object): Socket => {
    const socket = io(http.url, { auth, transports, forceNew: true, reconnection: false });
    sockets.push(socket);
    return socket;
  };
  const client = async () => {
    const socket = connect({ token: TOKEN });
    const got: LoggedEvent[] = [];
    let look = (): void => undefined;
    socket.on('event', (event: LoggedEvent) => {
      got.push(event);
      look();
    });
    await once(socket as never, 'connect');
    return {
      socket,
      got,
      seqs: (): number[] => got.map(({ seq }) => seq),
      until: (enough: (events: LoggedEvent[]) => boolean): Promise<void> =>
        new Promise((resolve) => {
          look = () => {
            if (enough(got)) resolve();
          };
          look();
        }),
      ask: (event: string, payload?: unknown): Promise<unknown> =>
        socket.timeout(5_000).emitWithAck(event, payload),
    };
  };
  return {
    log,
    http,
    connect,
    client,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.disconnect();
      await http.app.close();
    },
  };
};

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('the socket', () => {
  it.each([{}, { token: 'wrong' }, { token: 7 }])('keeps %j out, saying why', async (auth) => {
    await using server = await start();
    const [error] = (await once(server.connect(auth) as never, 'connect_error')) as [
      Error & { data: unknown },
    ];
    expect(error.data).toMatchObject({ code: 'access/unauthenticated' });
  });

  it.each([['websocket'], ['polling'], ['polling', 'websocket']])(
    'sends what is behind the cursor, then what comes, over %s %s',
    async (...transports) => {
      await using server = await start(transports.filter((name) => typeof name === 'string'));
      server.log.append(STREAM, ...Array(450).keys());
      const client = await server.client();
      expect(await client.ask('subscribe', { stream: STREAM, after: 20 })).toEqual({
        ok: true,
        head: 450,
      });
      await client.until((events) => events.length === 430);
      server.log.append(STREAM, { text: 'live' });
      await client.until((events) => events.length === 431);
      expect(client.seqs()).toEqual(upTo(451, 21));
      expect(client.got.at(-1)).toEqual({
        stream: STREAM,
        seq: 451,
        type: 'told',
        at: '2026-01-01T00:00:00.000Z',
        data: { text: 'live' },
      });
    },
  );

  it('starts again at the new cursor when a stream is subscribed to twice', async () => {
    await using server = await start();
    server.log.append(STREAM, ...Array(1_000).keys());
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    server.log.reading = (after) => (after === 300 ? held : Promise.resolve());
    const client = await server.client();
    await client.ask('subscribe', { stream: STREAM });
    await client.until((events) => events.length === 300);
    let before = 0;
    client.socket.emit('subscribe', { stream: STREAM, after: 290 }, () => {
      before = client.got.length;
      letGo();
    });
    await client.until((events) => events.at(-1)?.seq === 1_000);
    server.log.append(STREAM, 'live');
    await client.until((events) => events.at(-1)?.seq === 1_001);
    expect(before).toBe(300);
    expect(client.seqs()).toEqual([...upTo(300), ...upTo(1_001, 291)]);
    expect(server.log.listeners(STREAM)).toBe(1);
  });

  it('follows several streams and leaves each on its own', async () => {
    await using server = await start();
    const client = await server.client();
    for (const stream of [STREAM, OTHER, 'server']) await client.ask('subscribe', { stream });
    expect(await client.ask('unsubscribe', { stream: STREAM })).toEqual({ ok: true });
    server.log.append(STREAM, 'unheard');
    server.log.append(OTHER, 'heard');
    server.log.append('server', 'heard');
    await client.until((events) => events.length === 2);
    expect(client.got.map(({ stream }) => stream)).toEqual([OTHER, 'server']);
    expect(server.log.listeners(STREAM)).toBe(0);
  });

  it.each([
    ['subscribe', {}],
    ['subscribe', { stream: 'session:7' }],
    ['subscribe', { stream: 'kettle:0199aaaa-0000-7000-8000-000000000001' }],
    ['subscribe', { stream: STREAM, after: -1 }],
    ['subscribe', { stream: STREAM, after: '3' }],
    ['subscribe', undefined],
    ['unsubscribe', 'x'],
  ])('refuses %s of %j', async (event, payload) => {
    await using server = await start();
    const client = await server.client();
    expect(await client.ask(event, payload)).toMatchObject({ ok: false, code: 'http/invalid' });
  });

  it('says from where on events are kept when the cursor is too old', async () => {
    await using server = await start();
    server.log.append(STREAM, ...Array(9).keys());
    server.log.oldest = 5;
    const client = await server.client();
    expect(await client.ask('subscribe', { stream: STREAM, after: 2 })).toMatchObject({
      ok: false,
      code: 'events/cursor-expired',
      oldest: 5,
    });
  });

  it('tells a client whose cursor fell out of the log that it is followed no more', async () => {
    await using server = await start();
    server.log.append(STREAM, ...Array(300).keys());
    server.log.reading = async (after) => {
      if (after === 200) server.log.oldest = 250;
    };
    const client = await server.client();
    const ended = once(client.socket as never, 'unsubscribed');
    await client.ask('subscribe', { stream: STREAM });
    expect(await ended).toMatchObject([{ stream: STREAM, code: 'events/cursor-expired' }]);
    expect(client.seqs()).toEqual(upTo(200));
  });

  it('tells no bug to the client', async () => {
    await using server = await start();
    server.log.reading = () => Promise.reject(new Error('secret inside'));
    const client = await server.client();
    const answer = await client.ask('subscribe', { stream: STREAM });
    expect(answer).toMatchObject({ ok: false, code: 'server/bug' });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(server.http.log.lines.join()).toContain('secret inside');
  });

  it('reads no further for a client that does not take what it is sent', async () => {
    await using server = await start();
    server.log.append(STREAM, ...Array<string>(1_000).fill('x'.repeat(50_000)));
    const readings: number[] = [];
    server.log.reading = async (after) => void readings.push(after);
    const [slow, quick] = [await server.client(), await server.client()];
    const { engine } = slow.socket.io as unknown as {
      engine: { transport: { ws: { _socket: { pause(): void; resume(): void } } } };
    };
    slow.socket.emit('subscribe', { stream: STREAM });
    engine.transport.ws._socket.pause();
    await quick.ask('subscribe', { stream: STREAM });
    await quick.until((events) => events.length === 1_000);
    // Each reading carries 5 MB: beyond what the kernel takes for the slow one, only the quick one has read.
    expect(readings.filter((after) => after === 0).length).toBeGreaterThan(2);
    expect(readings.filter((after) => after === 500)).toHaveLength(1);
    engine.transport.ws._socket.resume();
    await slow.until((events) => events.length === 1_000);
    expect(slow.seqs()).toEqual(upTo(1_000));
  });

  it('lets go of the log when the client is gone', async () => {
    await using server = await start();
    const client = await server.client();
    await client.ask('subscribe', { stream: STREAM });
    expect(server.log.listeners(STREAM)).toBe(1);
    client.socket.disconnect();
    while (server.log.listeners(STREAM) > 0) await new Promise(setImmediate);
  });
});
