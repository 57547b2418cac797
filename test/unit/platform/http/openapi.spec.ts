import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  Answers,
  body,
  id,
  page,
  type Page,
  pageOf,
  pageQuery,
  type PageQuery,
  StartsWork,
} from '../../../../src/platform/http/index.js';
import { startHttp } from './http-app.js';

const boat = z
  .object({ id: z.uuid(), name: z.string().nullable(), crew: z.array(z.string()) })
  .meta({ id: 'Boat' });
type Boat = z.infer<typeof boat>;
const launch = body({
  name: z.string().min(1).describe('As painted'),
  note: z.string().optional(),
});

@Controller('boats')
class BoatsController {
  @Get()
  @Answers(pageOf(boat))
  list(@Query({ schema: pageQuery }) { limit }: PageQuery): Page<Boat> {
    return page<Boat>([], limit, (one) => one.id);
  }

  @Get(':id')
  @Answers(boat)
  one(@Param('id', { schema: id }) boatId: string): Boat {
    return { id: boatId, name: null, crew: [] };
  }

  @Post()
  @StartsWork(boat, ({ id: boatId }) => `/boats/${boatId}`)
  launch(@Body({ schema: launch }) { name }: z.infer<typeof launch>): Boat {
    return { id: '', name, crew: [] };
  }
}

type Document = Record<'paths' | 'components', Record<string, Record<string, unknown>>> & {
  openapi: string;
};

const describeBoats = async (): Promise<Document> => {
  await using http = await startHttp({ controllers: [BoatsController] });
  return (await (await fetch(`${http.url}/api/openapi.json`)).json()) as Document;
};

describe('the OpenAPI document', () => {
  it('is 3.1 and asks for a bearer token', async () => {
    const document = await describeBoats();
    expect(document.openapi).toBe('3.1.0');
    expect(document).toMatchObject({
      security: [{ bearer: [] }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    });
  });

  it('describes bodies, parameters and answers by the schemas that check them', async () => {
    const { paths, components } = await describeBoats();
    expect(components['schemas']).toMatchObject({
      Boat: { type: 'object', required: ['id', 'name', 'crew'] },
      Problem: { type: 'object' },
    });
    expect(paths['/api/v1/boats']?.['post']).toMatchObject({
      requestBody: {
        content: {
          'application/json': {
            schema: {
              properties: { name: { type: 'string', minLength: 1, description: 'As painted' } },
              required: ['name'],
              additionalProperties: false,
            },
          },
        },
      },
      responses: {
        202: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Boat' } } } },
      },
    });
    const parameters = (operation: unknown): unknown =>
      (operation as { parameters: unknown }).parameters;
    expect(parameters(paths['/api/v1/boats']?.['get'])).toMatchObject([
      {
        name: 'limit',
        in: 'query',
        required: false,
        schema: { minimum: 1, maximum: 200, default: 50 },
      },
      { name: 'cursor', in: 'query', required: false, schema: { type: 'string' } },
    ]);
    expect(parameters(paths['/api/v1/boats/{id}']?.['get'])).toMatchObject([
      { name: 'id', in: 'path', required: true, schema: { format: 'uuid' } },
    ]);
    expect(paths['/api/v1/boats']?.['get']).toMatchObject({
      responses: {
        200: {
          content: {
            'application/json': {
              schema: { properties: { items: { items: { $ref: '#/components/schemas/Boat' } } } },
            },
          },
        },
      },
    });
  });

  it('says of every operation that it may answer a problem, and names only what exists', async () => {
    const document = await describeBoats();
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations).toHaveLength(6);
    for (const operation of operations) {
      expect(operation).toMatchObject({
        responses: {
          default: {
            content: {
              'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
            },
          },
        },
      });
    }
    const names = Object.keys(document.components['schemas'] ?? {});
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"([^"]*)"/g)) {
      expect(names.map((known) => `#/components/schemas/${known}`)).toContain(name);
    }
    expect(text).not.toContain('$schema');
  });

  it('can be read in a browser with what this server serves', async () => {
    await using http = await startHttp({ controllers: [BoatsController] });
    const page = await (await fetch(`${http.url}/api/docs`)).text();
    const scripts = [...page.matchAll(/<script src="([^"]+)"/g)].map(([, src]) => src ?? '');
    expect(scripts.length).toBeGreaterThan(1);
    for (const script of scripts) {
      expect((await fetch(new URL(script, `${http.url}/api/docs`))).status).toBe(200);
    }
  });
});
