import { type NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { problemSchema } from './problem.js';

const DESCRIPTION =
  'Errors are `application/problem+json` (RFC 9457) with a stable `code`. Lists are `{items, nextCursor}`. Writes ' +
  'that start work answer 202 with a `Location` and honour `Idempotency-Key`. PATCH takes a JSON merge patch. Unknown ' +
  'fields are a 422.';

/** Serves the OpenAPI 3.1 document and a page to read it. Neither holds a secret, so neither asks for the token. */
export const serveOpenApi = (app: NestExpressApplication): void => {
  SwaggerModule.setup('api/docs', app, () => describeApi(app), {
    jsonDocumentUrl: 'api/openapi.json',
    raw: ['json'],
    customSiteTitle: 'maestro-server API',
    swaggerOptions: { persistAuthorization: true },
  });
};

export const describeApi = (app: NestExpressApplication): OpenAPIObject => {
  const outline = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('maestro-server')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addSecurity('bearer', { type: 'http', scheme: 'bearer' })
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, outline, {
    standardSchemaConverter: (schema, { schemaType }) =>
      schema instanceof z.ZodType ? toOpenApi(schema, schemaType) : undefined,
  });
  return withProblems(document);
};

interface Converted {
  schema: Record<string, unknown>;
  components: Record<string, Record<string, unknown>>;
}

/** OpenAPI 3.1 schemas are JSON Schema 2020-12. A schema with `.meta({ id })` becomes a component of that name. */
const toOpenApi = (schema: z.ZodType, io: 'input' | 'output'): Converted => {
  const { $defs = {}, ...root } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  const components = Object.entries($defs).map(([name, definition]) => [name, bare(definition)]);
  return {
    schema: bare(root),
    components: Object.fromEntries(components) as Converted['components'],
  };
};

/** Without the dialect, which the document names once, and zod's `id`, which is the component's name. */
const bare = (schema: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(schema).filter(([keyword]) => keyword !== '$schema' && keyword !== 'id'),
  );

/** Every operation may answer a problem. */
const withProblems = (document: OpenAPIObject): OpenAPIObject => {
  const { components } = toOpenApi(problemSchema, 'output');
  const responses = {
    default: {
      description: 'A failure, with its `code`',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  };
  const paths = Object.entries(document.paths).map(([path, item]) => [
    path,
    Object.fromEntries(
      Object.entries(item).map(([method, operation]: [string, { responses?: object }]) => [
        method,
        { ...operation, responses: { ...operation.responses, ...responses } },
      ]),
    ),
  ]);
  return {
    ...document,
    paths: Object.fromEntries(paths) as OpenAPIObject['paths'],
    components: {
      ...document.components,
      schemas: { ...document.components?.schemas, ...components },
    },
  };
};
