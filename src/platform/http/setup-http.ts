import { NotFoundException } from '@nestjs/common';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { CONFIG, type Config } from '../config/index.js';
import { Metrics } from '../observability/index.js';
import { ConnectionDrain } from './connection-drain.js';
import { API_PREFIX } from './location.interceptor.js';
import { serveOpenApi } from './openapi.js';
import { ProblemFilter } from './problem.filter.js';
import { requestIds } from './request-id.js';

/** A prompt of 5 MB with its JSON escapes, or images, must pass. */
export const BODY_LIMIT_BYTES = 8 * 1024 * 1024;

/** Longer than clients and proxies keep an idle connection (nginx: 60 s): who closes first must not cross a request. */
const KEEP_ALIVE_MS = 75_000;

/** What a page of another origin may read of an answer besides its body. */
const EXPOSED = ['ETag', 'Idempotency-Replayed', 'Location', 'Retry-After', 'X-Request-Id'];

/** In a list, `*` would be the name of an origin. */
export const toCorsOrigin = (origins: readonly string[]): '*' | string[] =>
  origins.includes('*') ? '*' : [...origins];

/**
 * What every HTTP answer has in common. Call it once, before `listen`, on an application that was created with
 * `bodyParser: false` and imports `HttpModule`, `AccessModule` and `ObservabilityModule`.
 */
export const setupHttp = (app: NestExpressApplication): void => {
  const { corsOrigins, role } = app.get<Config>(CONFIG);
  const drain = app.get(ConnectionDrain);
  app.getHttpServer().keepAliveTimeout = KEEP_ALIVE_MS;
  drain.watch(app.getHttpServer());
  app.set('query parser', 'simple');
  app.use(requestIds);
  app.use(drain.middleware, app.get(Metrics).middleware);
  app.use(
    helmet({
      // The server speaks plain HTTP, behind a proxy or on a trusted net: what makes browsers insist on TLS is not its to say.
      strictTransportSecurity: false,
      contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
      crossOriginOpenerPolicy: false,
      originAgentCluster: false,
    }),
  );
  if (corsOrigins.length > 0) {
    app.enableCors({ origin: toCorsOrigin(corsOrigins), exposedHeaders: EXPOSED });
  }
  if (role === 'worker') app.use('/api', nothingButHealth(app));
  app.use(`/${API_PREFIX}`, neverStored);
  app.useBodyParser('json', {
    limit: BODY_LIMIT_BYTES,
    type: ['application/json', 'application/merge-patch+json'],
  });
  app.setGlobalPrefix(API_PREFIX, { exclude: ['healthz', 'readyz', 'metrics'] });
  serveOpenApi(app);
};

/** A worker is asked for its health and metrics; clients belong to an `api` process. */
const nothingButHealth =
  (app: NestExpressApplication) =>
  (request: Request, response: Response): void => {
    app.get(ProblemFilter).answer(new NotFoundException(), request, response);
  };

/** Answers hold what people and agents said; no cache on the way may keep them. */
const neverStored = (_request: Request, response: Response, next: NextFunction): void => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};
