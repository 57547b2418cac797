import { once } from 'node:events';
import { connect } from 'node:net';
import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { z } from 'zod';
import { DomainError } from '../../../../src/platform/errors/index.js';
import {
  body,
  HttpModule,
  id,
  IdempotencyKeys,
  pageQuery,
  type PageQuery,
} from '../../../../src/platform/http/index.js';
import { type HttpApp, InMemoryKeys, json, startHttp } from './http-app.js';

class KettleTooHot extends DomainError {
  readonly code = 'kettles/too-hot';
  readonly status = 409;
  constructor() {
    super('The kettle has 99 degrees', { hint: 'Wait.' });
  }
}

const kettle = body({
  name: z.string().max(10_000_000),
  documents: z.array(z.strictObject({ path: z.string() })).optional(),
  heat: z
    .union([z.strictObject({ celsius: z.number() }), z.strictObject({ off: z.literal(true) })])
    .optional(),
  'a/b~c': z.int().optional(),
});

@Controller('kettles')
class KettlesController {
  @Get()
  list(@Query({ schema: pageQuery }) query: PageQuery): PageQuery {
    return query;
  }

  @Get('hot')
  hot(): never {
    throw new KettleTooHot();
  }

  @Get('broken')
  broken(): never {
    throw Object.assign(new Error('secret inside'), { parameters: ['a prompt'] });
  }

  @Get(':id')
  one(@Param('id', { schema: id }) kettleId: string): { id: string } {
    return { id: kettleId };
  }

  @Post()
  make(@Body({ schema: kettle }) { name }: z.infer<typeof kettle>): { length: number } {
    return { length: name.length };
  }

  @Post(':id/empty')
  empty(@Param('id', { schema: id }) kettleId: string): { id: string } {
    return { id: kettleId };
  }

  @Delete(':id')
  scrap(): object {
    return {};
  }

  @Patch(':id')
  change(@Body({ schema: kettle.partial() }) patch: object): object {
    return patch;
  }
}

const start = (): Promise<HttpApp> => startHttp({ controllers: [KettlesController] });
const post = (content: unknown): RequestInit => json('POST', content);
const PATH = '/api/v1/kettles';

describe('problems', () => {
  it('shows a failure of the domain with its code, facts and remedy', async () => {
    await using http = await start();
    const answer = await http.call(`${PATH}/hot`);
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await answer.json()).toEqual({
      type: 'urn:maestro:problem:kettles:too-hot',
      title: 'Conflict',
      status: 409,
      detail: 'The kettle has 99 degrees',
      code: 'kettles/too-hot',
      hint: 'Wait.',
      requestId: answer.headers.get('x-request-id'),
    });
  });

  it('tells nothing of a bug to the caller, and its stack and request id to the log', async () => {
    await using http = await start();
    const answer = await http.call(`${PATH}/broken`, { headers: { 'X-Request-Id': 'req-7' } });
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code: 'server/bug', requestId: 'req-7' });
    expect(text).not.toContain('secret');
    const [line] = http.log.lines;
    expect(line).toMatch(/req-7.*secret inside.*problems\.spec/);
    expect(line).not.toContain('a prompt');
  });

  it.each(['/api/v1/nowhere', '/nowhere', '/api/docs/LICENSE'])(
    'answers 404 for %s',
    async (path) => {
      await using http = await start();
      const answer = await http.call(path);
      expect(answer.status).toBe(404);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await answer.json()).toMatchObject({ code: 'http/not-found' });
    },
  );

  it('answers 404 for an id that no resource can have, also one that is no percent-encoding', async () => {
    await using http = await start();
    expect(await (await http.call(`${PATH}/7`)).json()).toMatchObject({ code: 'http/not-found' });
    expect(await (await http.call(`${PATH}/%FF`)).json()).toMatchObject({
      status: 400,
      code: 'http/bad-request',
    });
  });

  it('says that a body is not JSON', async () => {
    await using http = await start();
    const answer = await http.call(PATH, { ...post(''), body: '{"name": ' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'http/malformed-json' });
  });

  it('points at every field that is sent where none is taken', async () => {
    await using http = await start();
    const path = `${PATH}/019a0000-0000-7000-8000-000000000000`;
    for (const [method, at] of [
      ['POST', `${path}/empty`],
      ['DELETE', path],
    ] as const) {
      const answer = await http.call(at, json(method, { zz: 1, 'a/b': null }));
      expect(answer.status).toBe(422);
      expect(await answer.json()).toMatchObject({
        code: 'http/invalid',
        errors: [
          { pointer: '/zz', detail: 'Unknown field' },
          { pointer: '/a~1b', detail: 'Unknown field' },
        ],
      });
      expect((await http.call(at, json(method, {}))).ok).toBe(true);
      expect((await http.call(at, { method })).ok).toBe(true);
    }
  });

  it('says so outside of the API too', async () => {
    await using http = await start();
    const answer = await http.call('/nowhere', { ...post(''), body: '{"name": ' });
    expect(await answer.json()).toMatchObject({ status: 400, code: 'http/malformed-json' });
  });

  it('takes a prompt of 5 MB and refuses a body of more than 8 MB', async () => {
    await using http = await start();
    const fits = await http.call(PATH, post({ name: 'x'.repeat(5_000_000) }));
    expect(await fits.json()).toEqual({ length: 5_000_000 });
    const large = await http.call(PATH, post({ name: 'x'.repeat(8_400_000) }));
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ code: 'http/body-too-large' });
  });

  it('points at every fault of a body', async () => {
    await using http = await start();
    const answer = await http.call(
      PATH,
      post({
        name: 7,
        documents: [{ path: 'a.md' }, { path: null, colour: 1 }],
        'a/b~c': 'x',
        lid: 1,
      }),
    );
    expect(answer.status).toBe(422);
    const problem = (await answer.json()) as { code: string; errors: { pointer: string }[] };
    expect(problem.code).toBe('http/invalid');
    expect(problem.errors.map(({ pointer }) => pointer).sort()).toEqual([
      '/a~1b~0c',
      '/documents/1/colour',
      '/documents/1/path',
      '/lid',
      '/name',
    ]);
  });

  it('takes whole characters, and points at half of one', async () => {
    await using http = await start();
    expect((await http.call(PATH, post({ name: '🎼' }))).status).toBe(201);
    const answer = await http.call(
      PATH,
      post({ name: 'ok', documents: [{ path: 'a.md' }, { path: '\ud83c' }] }),
    );
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: '/documents/1/path' }] });
  });

  it('points into the nearest branch of a choice', async () => {
    await using http = await start();
    const answer = await http.call(PATH, post({ name: 'k', heat: { celsius: 'hot' } }));
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: '/heat/celsius' }] });
  });

  it('points at the whole body when there is none', async () => {
    await using http = await start();
    const answer = await http.call(PATH, { method: 'POST' });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: '' }] });
  });

  it('points at parameters of the query by name', async () => {
    await using http = await start();
    const answer = await http.call(`${PATH}?limit=201&colour=red`);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      errors: [{ pointer: '?limit' }, { pointer: '?colour' }],
    });
    expect(await (await http.call(PATH)).json()).toEqual({ limit: 50 });
  });

  it.each(['application/json', 'application/merge-patch+json'])(
    'takes a patch as %s',
    async (type) => {
      await using http = await start();
      const answer = await http.call(
        `${PATH}/1`,
        json('PATCH', { name: 'n' }, { 'Content-Type': type }),
      );
      expect(await answer.json()).toEqual({ name: 'n' });
    },
  );

  it('echoes the id of a request, unless it could forge a line of the log', async () => {
    await using http = await start();
    const idOf = async (sent: string): Promise<string | null> =>
      (await http.call(PATH, { headers: { 'X-Request-Id': sent } })).headers.get('x-request-id');
    expect(await idOf('build-7:a.b')).toBe('build-7:a.b');
    expect(await idOf('a b')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf('x'.repeat(101))).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is no hindrance to a process that answers no HTTP', async () => {
    const module = await Test.createTestingModule({ imports: [HttpModule] })
      .overrideProvider(IdempotencyKeys)
      .useValue(new InMemoryKeys())
      .compile();
    await module.init();
    await module.close();
  });

  it('closes at once though a client keeps its connection', async () => {
    const http = await start();
    await (await http.call(PATH)).text();
    await http.app.close();
    await expect(http.call(PATH)).rejects.toThrow();
  });

  it('closes at once though a client has connected ahead of its first request', async () => {
    const http = await start();
    const ahead = connect(Number(new URL(http.url).port), '127.0.0.1');
    await once(ahead, 'connect');
    await (await http.call(PATH)).text();
    const gone = once(ahead.resume(), 'close');
    await http.app.close();
    await gone;
  });
});
