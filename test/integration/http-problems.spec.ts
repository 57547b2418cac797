import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { v7 as uuidv7 } from 'uuid';
import { migrations } from '../../src/migrations/index.js';
import { Database, DatabaseModule } from '../../src/platform/database/index.js';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { IdempotencyKeys } from '../../src/platform/http/index.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { describeStores, startStore, type Store } from '../support/stores.js';

const startKeys = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'maestro-keys-'));
  const postgres = await startEmbeddedPostgres({ dir, fsync: false, log: () => undefined });
  const module = await Test.createTestingModule({
    imports: [DatabaseModule.forRoot({ url: postgres.url, migrations, poolSize: 10 })],
    providers: [IdempotencyKeys],
  }).compile();
  await module.init();
  return {
    keys: module.get(IdempotencyKeys),
    database: module.get(Database),
    stop: async () => {
      await module.close();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

/** The suite shares a database: each test has a path of its own. */
const aRequest = () => ({
  scope: `admin POST /api/v1/runs/${uuidv7()}`,
  key: 'k1',
  bodyHash: 'h1',
});
const ANSWER = {
  status: 202,
  response: '{"b":"\\u0000 \\ud800","a":[1]}',
  location: '/api/v1/runs/7',
};

describe('idempotency keys in PostgreSQL', () => {
  let world: Awaited<ReturnType<typeof startKeys>>;
  beforeAll(async () => {
    world = await startKeys();
  });
  afterAll(() => world.stop());

  it('are claimed by one of many, who all get the answer that it keeps, to the letter', async () => {
    const { keys } = world;
    const request = aRequest();
    const ids = Array.from({ length: 10 }, () => uuidv7());
    const claims = await Promise.all(ids.map((id) => keys.claim(request, id)));
    expect(claims.filter(({ outcome }) => outcome === 'claimed')).toHaveLength(1);
    expect(claims.filter(({ outcome }) => outcome === 'in-progress')).toHaveLength(9);
    await keys.keep(request, ANSWER);
    expect(await keys.claim(request, uuidv7())).toEqual({ outcome: 'answered', answer: ANSWER });
  });

  it('belong to who asked for what, and to one body', async () => {
    const { keys } = world;
    const request = aRequest();
    await keys.claim(request, uuidv7());
    const elsewhere = await keys.claim(
      { ...request, scope: 'admin POST /api/v1/sessions' },
      uuidv7(),
    );
    expect(elsewhere.outcome).toBe('claimed');
    expect(await keys.claim({ ...request, bodyHash: 'h2' }, uuidv7())).toEqual({
      outcome: 'other-body',
    });
    await keys.keep(request, ANSWER);
    expect(await keys.claim({ ...request, bodyHash: 'h2' }, uuidv7())).toEqual({
      outcome: 'other-body',
    });
  });

  it('are taken over from a process that died, with the id that it may have used', async () => {
    const { keys, database } = world;
    const request = aRequest();
    const id = uuidv7();
    await keys.claim(request, id);
    await database.query(
      `UPDATE idempotency_keys SET claimed_at = now() - interval '31 s' WHERE scope = $1`,
      [request.scope],
    );
    expect(await keys.claim({ ...request, bodyHash: 'h2' }, uuidv7())).toEqual({
      outcome: 'other-body',
    });
    const claims = await Promise.all([
      keys.claim(request, uuidv7()),
      keys.claim(request, uuidv7()),
    ]);
    expect(claims).toContainEqual({ outcome: 'claimed', resourceId: id });
    expect(claims).toContainEqual({ outcome: 'in-progress' });
  });

  it('are free again after a failure: with the same id for the same body, another one for another', async () => {
    const { keys } = world;
    const request = aRequest();
    const [first, second] = [uuidv7(), uuidv7()];
    await keys.claim(request, first);
    await keys.release(request);
    expect(await keys.claim(request, second)).toEqual({ outcome: 'claimed', resourceId: first });
    await keys.release(request);
    expect(await keys.claim({ ...request, bodyHash: 'h2' }, second)).toEqual({
      outcome: 'claimed',
      resourceId: second,
    });
  });

  it('keep the first answer, whatever comes late', async () => {
    const { keys } = world;
    const request = aRequest();
    await keys.claim(request, uuidv7());
    await keys.keep(request, ANSWER);
    await keys.keep(request, { ...ANSWER, status: 500 });
    await keys.release(request);
    expect(await keys.claim(request, uuidv7())).toEqual({ outcome: 'answered', answer: ANSWER });
  });

  it('are forgotten after a day', async () => {
    const { keys, database } = world;
    const request = aRequest();
    await keys.claim(request, uuidv7());
    await keys.claim({ ...request, key: 'k2' }, uuidv7());
    await database.query(
      `UPDATE idempotency_keys SET created_at = now() - interval '25 h' WHERE scope = $1 AND key = 'k1'`,
      [request.scope],
    );
    expect(await keys.sweep()).toBe(1);
    expect((await keys.claim(request, uuidv7())).outcome).toBe('claimed');
    expect((await keys.claim({ ...request, key: 'k2' }, uuidv7())).outcome).toBe('in-progress');
  });
});

interface ApiDocument {
  paths: Record<string, Record<string, unknown>>;
  components: { schemas: Record<string, unknown> };
}

const PUBLIC = ['/healthz', '/readyz'];

describeStores('the HTTP of the whole server', (kind) => {
  let store: Store;
  let server: TestServer;
  let document: ApiDocument;
  beforeAll(async () => {
    store = await startStore(kind);
    server = await startTestServer(store);
    document = (await (await fetch(`${server.api.url}/api/openapi.json`)).json()) as ApiDocument;
  });
  afterAll(async () => {
    await server.stop();
    await store.stop();
  });

  const operations = (): { method: string; path: string }[] =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
  const call = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(server.api.url + path, {
      method,
      ...init,
      headers: {
        Authorization: `Bearer ${server.api.token}`,
        'Content-Type': 'application/json',
        ...(init.headers as Record<string, string>),
      },
    });

  it('is described without a loose end', () => {
    const known = Object.keys(document.components.schemas).map(
      (name) => `#/components/schemas/${name}`,
    );
    const named = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(
      ([, ref]) => ref,
    );
    expect(named.filter((ref) => !known.includes(ref ?? ''))).toEqual([]);
    expect(operations().length).toBeGreaterThan(30);
  });

  it('asks for a token at every documented operation', async () => {
    const open: string[] = [];
    for (const { method, path } of operations()) {
      const answer = await call(method, path, { headers: { Authorization: '' } });
      const problem = (await answer.json()) as { code?: string };
      if (problem.code !== 'access/unauthenticated') open.push(path);
    }
    expect(open).toEqual(PUBLIC);
  });

  it('answers 404 to every operation on an id that nothing can have', async () => {
    const others: string[] = [];
    for (const { method, path } of operations().filter(({ path }) => path.includes('{'))) {
      const answer = await call(method, path.replaceAll(/\{[^}]*\}/g, 'no-id'), {
        ...(method === 'GET' ? {} : { body: '{}' }),
      });
      const problem = answer.headers.get('content-type')?.includes('application/problem+json');
      await answer.text();
      // A body is looked at beside the path: whichever is refused first is told.
      if (!problem || ![404, 422].includes(answer.status)) others.push(`${method} ${path}`);
    }
    expect(others).toEqual([]);
  });

  it('points at an unknown field of every body that is JSON', async () => {
    const silent: string[] = [];
    for (const { method, path } of operations().filter(({ method }) => method !== 'GET')) {
      const operation = document.paths[path]?.[method.toLowerCase()] as { requestBody?: unknown };
      if (operation.requestBody === undefined) continue;
      const answer = await call(method, path.replaceAll(/\{[^}]*\}/g, uuidv7()), {
        body: '{"surprise": 1}',
      });
      const problem = (await answer.json()) as { errors?: { pointer: string }[] };
      if (!problem.errors?.some(({ pointer }) => pointer === '/surprise')) {
        silent.push(`${method} ${path} ${answer.status}`);
      }
    }
    expect(silent).toEqual([]);
  });

  it('is ready when database, migrations and queue are', async () => {
    const answer = await fetch(`${server.api.url}/readyz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      status: 'ok',
      checks: {
        database: { status: 'ok' },
        migrations: { status: 'ok' },
        queue: { status: 'ok' },
      },
    });
  });

  it('makes one session of two requests with one Idempotency-Key', async () => {
    const body = { name: 'twin', agent: 'demo', cwd: server.dataDir };
    const key = { 'Idempotency-Key': uuidv7() };
    const [one, two] = await Promise.all([
      server.api.call('POST', '/sessions', body, key),
      server.api.call('POST', '/sessions', body, key),
    ]);
    expect(one.status).toBe(201);
    expect(two).toMatchObject({ status: 201, body: one.body });
    expect(two.headers.get('location')).toBe(`/api/v1/sessions/${String(one.body['id'])}`);
    const { items } = await server.api.get<{ items: { name: string }[] }>('/sessions');
    expect(items.filter(({ name }) => name === 'twin')).toHaveLength(1);
    const other = await server.api.call('POST', '/sessions', { ...body, name: 'other' }, key);
    expect(other).toMatchObject({ status: 409, body: { code: 'http/idempotency-conflict' } });
  });
});
