import { describe, expect, it } from '@jest/globals';
import { EventLog } from '../../../../src/platform/events/index.js';
import { EventsController } from '../../../../src/platform/realtime/events.controller.js';
import { startHttp } from '../http/http-app.js';
import { InMemoryLog, STREAM } from './in-memory-log.js';

const start = async () => {
  const log = new InMemoryLog();
  const http = await startHttp({
    controllers: [EventsController],
    providers: [{ provide: EventLog, useValue: log }],
  });
  const get = (query: string, headers = {}): Promise<Response> =>
    http.call(`/api/v1/events?stream=${STREAM}${query}`, { headers });
  return { log, http, get, [Symbol.asyncDispose]: () => http.app.close() };
};

const SSE = { Accept: 'text/event-stream' };

interface Frame {
  id: string;
  event: string;
  data: unknown;
}

/** Reads frames until there are `count`; the stream stays open. */
const frames = async (
  reader: ReadableStreamDefaultReader<string>,
  count: number,
): Promise<Frame[]> => {
  let text = '';
  while (text.split('\n\n').length <= count) text += (await reader.read()).value ?? '';
  return text
    .split('\n\n')
    .slice(0, count)
    .map((frame) => {
      const fields = Object.fromEntries(
        frame.split('\n').map((line) => {
          const [name = '', ...rest] = line.split(': ');
          return [name, rest.join(': ')];
        }),
      ) as Record<'id' | 'event' | 'data', string>;
      return { ...fields, data: JSON.parse(fields.data) as unknown };
    });
};

const readerOf = (answer: Response): ReadableStreamDefaultReader<string> => {
  if (!answer.body) throw new Error('no body');
  return answer.body.pipeThrough(new TextDecoderStream()).getReader();
};

describe('GET /events', () => {
  it('answers pages of the log', async () => {
    await using server = await start();
    server.log.append(STREAM, 'a', 'b', 'c');
    const [first, second] = [await server.get('&limit=2'), await server.get('&after=2')];
    expect(await first.json()).toMatchObject({
      items: [{ seq: 1, data: 'a' }, { seq: 2 }],
      head: 3,
      nextCursor: '2',
    });
    expect(await second.json()).toMatchObject({ items: [{ seq: 3 }], head: 3, nextCursor: null });
  });

  it('refuses what is no stream or no cursor', async () => {
    await using server = await start();
    const answer = await server.http.call('/api/v1/events?stream=kettle&after=-1');
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      errors: [{ pointer: '?stream' }, { pointer: '?after' }],
    });
  });

  it.each([{}, SSE])(
    'answers 410 with the oldest seq for a cursor that is too old (%j)',
    async (headers) => {
      await using server = await start();
      server.log.oldest = 5;
      const answer = await server.get('&after=2', headers);
      expect(answer.status).toBe(410);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await answer.json()).toMatchObject({ code: 'events/cursor-expired', oldest: 5 });
    },
  );

  it('streams what is behind the cursor, then what comes, until the client leaves', async () => {
    await using server = await start();
    server.log.append(STREAM, 'a', { text: 'line\nbreak' });
    const answer = await server.get('&after=1', SSE);
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const reader = readerOf(answer);
    expect(await frames(reader, 1)).toMatchObject([
      { id: '2', event: 'told', data: { stream: STREAM, seq: 2, data: { text: 'line\nbreak' } } },
    ]);
    server.log.append(STREAM, 'live');
    expect(await frames(reader, 1)).toMatchObject([{ id: '3', data: { data: 'live' } }]);
    await reader.cancel();
    while (server.log.listeners(STREAM) > 0) await new Promise(setImmediate);
  });

  it('goes on behind Last-Event-ID', async () => {
    await using server = await start();
    server.log.append(STREAM, 'a', 'b', 'c');
    const reader = readerOf(await server.get('&after=0', { ...SSE, 'Last-Event-ID': '2' }));
    expect(await frames(reader, 1)).toMatchObject([{ id: '3' }]);
    await reader.cancel();
  });

  it('ends its streams when the server closes', async () => {
    const server = await start();
    const reader = readerOf(await server.get('', SSE));
    const end = reader.read();
    await server.http.app.close();
    expect(await end).toMatchObject({ done: true });
  });
});
