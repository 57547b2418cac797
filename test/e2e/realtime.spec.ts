import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Run } from '../../src/modules/autorun/index.js';
import { type Api } from '../support/api.js';
import { BuiltServer } from '../support/built-server.js';
import { Project } from '../support/project.js';
import { CountingAgents, eventsOf, heard, type SeenEvent } from './counting-agents.js';
import { StreamListener } from './stream-listener.js';

const RECONNECTIONS = 10;

describe('A client of the event log', () => {
  let server: BuiltServer;
  let api: Api;
  let project: Project;
  let agents: CountingAgents;
  beforeAll(async () => {
    server = await BuiltServer.start();
    api = server.api;
    project = await Project.create();
    agents = await CountingAgents.create();
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await Promise.all([project.remove(), agents.remove()]);
  });

  it('misses and repeats nothing over ten disconnections in the middle of a run, on three streams', async () => {
    const session = { ...project.session('worker'), env: { MAESTRO_DEMO_PACE_MS: '150' } };
    const { id: sessionId } = await api.post<{ id: string }>('/sessions', session);
    await project.document('a.md', '- [ ] one\n- [ ] two\n- [ ] three\n- [ ] four\n');
    const talker = await agents.session(api, { name: 'talker', paceMs: 100 });
    const counting = await agents.count(api, talker, 240);
    const run = await api.post<Run>('/runs', { sessionId, documents: [{ path: 'a.md' }] });
    const streams = [`run:${run.id}`, `session:${sessionId}`, `session:${talker}`];
    const listener = await StreamListener.start(api, streams);
    for (let round = 1; round <= RECONNECTIONS; round += 1) {
      const seen = listener.count;
      await listener.until(({ count }) => count >= seen + 3);
      await listener.reconnect();
    }
    const middle = await api.get<Run>(`/runs/${run.id}`);
    expect(middle.state).toBe('running');
    await api.until<Run>(`/runs/${run.id}`, ({ state }) => state === 'completed', 60_000);
    await api.until<{ state: string }>(
      `/turns/${counting.turnId}`,
      ({ state }) => state === 'completed',
      60_000,
    );
    for (const stream of streams) {
      const events = await eventsOf(api, stream);
      await listener.until(() => listener.of(stream).length >= events.length);
      expect(listener.of(stream)).toEqual(events);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    }
    listener.close();
  });

  it('misses and repeats nothing over server-sent events that break off', async () => {
    const sessionId = await agents.session(api, { name: 'sse', paceMs: 100 });
    const stream = `session:${sessionId}`;
    const counting = await agents.count(api, sessionId, 120);
    await heard(api, [counting]);
    const seen: SeenEvent[] = [];
    for (let connections = 0; seen.at(-1)?.type !== 'turn.completed'; connections += 1) {
      const limit = connections < 4 ? 4 : Number.POSITIVE_INFINITY;
      const got = await readSse(api, stream, seen.at(-1)?.seq ?? 0, limit);
      expect(got.map(({ id, event }) => [id, event])).toEqual(
        got.map(({ data }) => [data.seq, data.type]),
      );
      seen.push(...got.map(({ data }) => data));
    }
    const events = await eventsOf(api, stream);
    expect(seen).toEqual(events.slice(0, seen.length));
  });
});

interface Sent {
  id: number;
  event: string;
  data: SeenEvent;
}

/** Reads `limit` events, or up to the end of the turn, as an EventSource that comes back does. */
const readSse = async (
  api: Api,
  stream: string,
  lastEventId: number,
  limit: number,
): Promise<Sent[]> => {
  const response = await fetch(`${api.url}/api/v1/events?stream=${stream}`, {
    headers: {
      Authorization: `Bearer ${api.token}`,
      Accept: 'text/event-stream',
      'Last-Event-ID': String(lastEventId),
    },
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const sent: Sent[] = [];
  let rest = '';
  for await (const chunk of response.body ?? []) {
    rest += Buffer.from(chunk as Uint8Array).toString('utf8');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block
          .split('\n')
          .map((line) => /^(\w*): ?(.*)$/.exec(line)?.slice(1, 3) as [string, string]),
      );
      const data = fields.get('data');
      if (data === undefined) continue;
      sent.push({
        id: Number(fields.get('id')),
        event: fields.get('event') ?? '',
        data: JSON.parse(data) as SeenEvent,
      });
      if (sent.length >= limit || sent.at(-1)?.event === 'turn.completed') {
        // Leaving the loop ends the connection.
        return sent;
      }
    }
  }
  throw new Error('The stream ended by itself');
};
