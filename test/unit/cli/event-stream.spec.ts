import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../../src/cli/api-client.js';
import { follow, headOf, readEvents } from '../../../src/cli/event-stream.js';
import { FakeServer } from './fake-server.js';

const servers: FakeServer[] = [];
const setup = async (): Promise<{ server: FakeServer; api: ApiClient }> => {
  const server = await FakeServer.start();
  servers.push(server);
  return { server, api: new ApiClient(server.url, server.token) };
};

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const STREAM = 'run:1';

describe('following a stream', () => {
  it('yields what is behind the cursor and then what is new, each event once', async () => {
    const { server, api } = await setup();
    for (let count = 0; count < 3; count += 1) server.append(STREAM, 'old');
    const seen: number[] = [];
    for await (const { seq } of follow(api, STREAM, { after: 1 })) {
      seen.push(seq);
      if (seq === 3) server.append(STREAM, 'new');
      if (seq === 4) break;
    }
    expect(seen).toEqual([2, 3, 4]);
  });

  it('goes on at its cursor after a lost link, and tells of both', async () => {
    const { server, api } = await setup();
    for (let count = 0; count < 2; count += 1) server.append(STREAM, 'x');
    const seen: number[] = [];
    const links: boolean[] = [];
    for await (const { seq } of follow(api, STREAM, { onLink: (up) => links.push(up) })) {
      seen.push(seq);
      if (seq === 2) {
        server.dropSockets();
        for (let count = 0; count < 2; count += 1) server.append(STREAM, 'x');
      }
      if (seq === 4) break;
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(links).toEqual([false, true]);
  });

  it('drops a repeated event and does not let a gap pass', async () => {
    const { server, api } = await setup();
    const first = server.append(STREAM, 'x');
    const seen: number[] = [];
    const following = (async () => {
      for await (const { seq } of follow(api, STREAM)) {
        seen.push(seq);
        await server.followed(STREAM);
        server.emit(STREAM, 'event', first);
        server.emit(STREAM, 'event', { ...first, seq: 3 });
      }
    })();
    await expect(following).rejects.toThrow('run:1 jumped from event 1 to 3');
    expect(seen).toEqual([1]);
  });

  it.each([
    ['a cursor that is too old', 'run:expired', 'good-token', 410, 'events/cursor-expired'],
    ['a wrong token', STREAM, 'bad-token', 401, 'access/unauthenticated'],
  ])('ends with the refusal of %s', async (_what, stream, token, status, code) => {
    const { server } = await setup();
    const following = follow(new ApiClient(server.url, token), stream).next();
    await expect(following).rejects.toMatchObject({ status, code });
  });

  it('ends with the refusal when the server stops a subscription', async () => {
    const { server, api } = await setup();
    const following = follow(api, STREAM).next();
    await server.followed(STREAM);
    server.emit(STREAM, 'unsubscribed', {
      stream: STREAM,
      code: 'events/cursor-expired',
      message: 'Too slow',
    });
    await expect(following).rejects.toMatchObject({
      code: 'events/cursor-expired',
      message: 'Too slow',
    });
  });

  it('says that it cannot reach a server that was never there', async () => {
    const { server } = await setup();
    const api = new ApiClient(server.url, server.token);
    await servers.pop()?.stop();
    await expect(follow(api, STREAM).next()).rejects.toMatchObject({ exitCode: 9 });
  });

  it('ends quietly when it is told to', async () => {
    const { server, api } = await setup();
    const stop = new AbortController();
    const following = follow(api, STREAM, { signal: stop.signal }).next();
    await server.followed(STREAM);
    stop.abort();
    await expect(following).resolves.toEqual({ done: true, value: undefined });
  });
});

describe('reading a stream', () => {
  it('reads all pages, and knows the newest number', async () => {
    const { server, api } = await setup();
    for (let count = 0; count < 450; count += 1) server.append(STREAM, 'x');
    const seen: number[] = [];
    for await (const { seq } of readEvents(api, STREAM, 10)) seen.push(seq);
    expect(seen).toEqual(Array.from({ length: 440 }, (_, index) => index + 11));
    await expect(headOf(api, STREAM)).resolves.toBe(450);
  });
});
