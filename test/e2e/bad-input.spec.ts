import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { BuiltServer } from '../support/built-server.js';
import { CountingAgents } from './counting-agents.js';
import { connectEmbedded } from './leaks.js';

interface Schema {
  type?: string;
  format?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  minimum?: number;
  $ref?: string;
}

interface Operation {
  method: string;
  path: string;
  body: Schema | null;
}

interface Document {
  paths: Record<
    string,
    Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>
  >;
  components: { schemas: Record<string, Schema> };
}

const INNER = [
  ['/{messageId}', 'groupchats/message-not-found'],
  ['/{sessionId}', 'sessions/not-found'],
  // No agent has such a name.
  ['/{agent}/models', 'http/not-found'],
] as const;
const PUBLIC = ['/healthz', '/readyz'];

describe('The server, given what it must not take,', () => {
  let server: BuiltServer;
  let agents: CountingAgents;
  let database: Client;
  let document: Document;
  let before: string;
  beforeAll(async () => {
    server = await BuiltServer.start();
    agents = await CountingAgents.create();
    await agents.session(server.api, { name: 'bystander', paceMs: 0 });
    await server.api.post('/remotes', { name: 'bystander', host: 'localhost' });
    document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as Document;
    database = await connectEmbedded(server.dataDir);
    before = await everythingIn(database);
  }, 120_000);
  afterAll(async () => {
    await database.end();
    await server.stop();
    await agents.remove();
  });

  const operations = (): Operation[] =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        body: requestBody?.content['application/json']?.schema ?? null,
      })),
    );
  const withBody = (): (Operation & { body: Schema })[] =>
    operations().flatMap(({ body, ...rest }) => (body === null ? [] : [{ ...rest, body }]));
  const resolve = (schema: Schema): Schema =>
    schema.$ref === undefined
      ? schema
      : (document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});

  const ask = async (
    { method, path }: Pick<Operation, 'method' | 'path'>,
    body?: string,
    token = server.api.token,
  ): Promise<Seen> => {
    const url =
      server.url + path.replaceAll('{path}', 'a.md').replaceAll(/\{\w+\}/g, () => uuidv7());
    const response = await fetch(url, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    });
    const type = response.headers.get('content-type') ?? '';
    const problem = (await response.json().catch(() => ({}))) as Partial<Seen>;
    return {
      ...problem,
      status: response.status,
      isProblem: type.includes('application/problem+json'),
    };
  };
  const unlike = async (
    cases: readonly { operation: Operation; body?: string; token?: string }[],
    expected: (seen: Seen) => boolean,
  ): Promise<string[]> => {
    const others: string[] = [];
    for (const { operation, body, token } of cases) {
      const seen = await ask(operation, body, token);
      const { method, path } = operation;
      if (!seen.isProblem || !expected(seen)) {
        others.push(`${method} ${path} ${body?.slice(0, 200) ?? ''}: ${JSON.stringify(seen)}`);
      }
    }
    return others;
  };

  it('answers 401 to a token that nobody has, on every route', async () => {
    const cases = operations()
      .filter(({ path }) => !PUBLIC.includes(path))
      .map((operation) => ({
        operation,
        body: operation.body ? '{}' : undefined,
        token: 'mst_nobody',
      }))
      .map(({ body, ...rest }) => ({ ...rest, ...(body !== undefined && { body }) }));
    expect(cases.length).toBeGreaterThan(50);
    const refused = ({ status, code }: Seen): boolean =>
      status === 401 && code === 'access/unauthenticated';
    expect(await unlike(cases, refused)).toEqual([]);
  });

  it('points at every field of every body that has another type than it must have', async () => {
    const others: string[] = [];
    let fields = 0;
    for (const operation of withBody()) {
      const { properties = {} } = resolve(operation.body);
      for (const name of Object.keys(properties)) {
        fields += 1;
        // No field of this API may be a list of lists.
        const seen = await ask(operation, JSON.stringify({ [name]: [[7]] }));
        const pointed = seen.errors?.some(({ pointer }) => pointer.startsWith(`/${name}`));
        if (seen.status !== 422 || seen.code !== 'http/invalid' || !pointed) {
          others.push(`${operation.method} ${operation.path} ${name}: ${JSON.stringify(seen)}`);
        }
      }
    }
    expect(fields).toBeGreaterThan(50);
    expect(others).toEqual([]);
  });

  it('answers 422 to a body that is no object', async () => {
    const cases = withBody().flatMap((operation) =>
      ['[]', '"text"', '7'].map((body) => ({ operation, body })),
    );
    expect(await unlike(cases, ({ status }) => status === 422 || status === 400)).toEqual([]);
  });

  it('answers 400 to what is no JSON', async () => {
    const cases = withBody().map((operation) => ({ operation, body: '{"name": ' }));
    expect(await unlike(cases, ({ status, code }) => status === 400 && Boolean(code))).toEqual([]);
  });

  it('answers 413 to a body that is too large', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(9 * 1024 * 1024) });
    const cases = withBody()
      .filter(({ path }) => path.endsWith('/sessions') || path.endsWith('/turns'))
      .map((operation) => ({ operation, body: large }));
    expect(cases).toHaveLength(2);
    expect(await unlike(cases, ({ status, code }) => status === 413 && Boolean(code))).toEqual([]);
  });

  it('says of every id that nothing has it, and of what kind it would be', async () => {
    const cases = operations()
      .filter(({ path }) => path.includes('{id}'))
      .map((operation) => ({
        operation,
        ...(operation.body && { body: JSON.stringify(valid(operation)) }),
      }));
    const area = /\/v1\/(\w+)/;
    const others: string[] = [];
    for (const { operation, body } of cases) {
      const seen = await ask(operation, body);
      const kind = area.exec(operation.path)?.[1] ?? '?';
      // Where two ids are unknown, either may be told.
      const codes = [`${kind}/not-found`, INNER.find(([end]) => operation.path.endsWith(end))?.[1]];
      if (seen.status !== 404 || !seen.isProblem || !codes.includes(seen.code)) {
        others.push(`${operation.method} ${operation.path} ${body ?? ''}: ${JSON.stringify(seen)}`);
      }
    }
    expect(others).toEqual([]);
  });

  it('answers 404 to a route that does not exist, inside and outside of the API', async () => {
    const cases = [
      '/api/v1/nothing',
      '/api/v2/sessions',
      '/nothing',
      '/api/v1/sessions/%00/turns',
    ].map((path) => ({ operation: { method: 'GET', path, body: null } }));
    expect(
      await unlike(cases, ({ status, code }) => status === 404 && code === 'http/not-found'),
    ).toEqual([]);
  });

  it('has changed nothing by all that', async () => {
    expect(await everythingIn(database)).toBe(before);
  });

  /** The least that the schema asks for; formats that it cannot say are known here. */
  const valid = ({ path, body }: Operation): unknown =>
    path.endsWith('/host-key/accept')
      ? { fingerprint: `SHA256:${'a'.repeat(43)}` }
      : least(body ?? {});
  const least = (given: Schema): unknown => {
    const schema = resolve(given);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return schema.enum[0];
    if (schema.anyOf) return least(schema.anyOf[0] ?? {});
    switch (schema.type) {
      case 'object':
        return Object.fromEntries(
          (schema.required ?? []).map((name) => [name, least(schema.properties?.[name] ?? {})]),
        );
      case 'array':
        return Array.from({ length: schema.minItems ?? 0 }, () => least(schema.items ?? {}));
      case 'integer':
      case 'number':
        return schema.minimum ?? 1;
      case 'boolean':
        return true;
      case undefined:
      default:
        return schema.format === 'uuid' ? uuidv7() : 'x';
    }
  };
});

interface Seen {
  status: number;
  isProblem: boolean;
  code?: string;
  errors?: { pointer: string; detail: string }[];
}

/** All that users could lose: how many rows each table has, and the head of every stream. */
const everythingIn = async (database: Client): Promise<string> => {
  const { rows: tables } = await database.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  const counts = [];
  for (const { name } of tables) {
    const { rows } = await database.query<{ count: string }>(`SELECT count(*) FROM "${name}"`);
    counts.push(`${name}: ${rows[0]?.count ?? '?'}`);
  }
  const { rows: heads } = await database.query<{ head: string }>(
    'SELECT s::text AS head FROM streams s ORDER BY 1',
  );
  return [...counts, ...heads.map(({ head }) => head)].join('\n');
};
