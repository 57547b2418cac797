import { Controller, Get, Injectable, Logger, Param, type Type } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import {
  JsonLogger,
  Metrics,
  MetricsListener,
  type ReadinessCheck,
} from '../../../../src/platform/observability/index.js';
import { type HttpApp, startHttp } from '../http/http-app.js';

const check = (name: string, act: () => Promise<void>): Type<ReadinessCheck> => {
  @Injectable()
  class Check implements ReadinessCheck {
    readonly name = name;
    check = act;
  }
  return Check;
};

@Controller('things')
class ThingsController {
  @Get(':id')
  one(@Param('id') id: string): string {
    return id;
  }
}

const start = (
  checks: Type<ReadinessCheck>[] = [],
  metricsPort: number | null = null,
): Promise<HttpApp> => startHttp({ checks, controllers: [ThingsController] }, { metricsPort });

describe('health', () => {
  it('is told to everyone while the process is up', async () => {
    await using http = await start([check('database', () => Promise.reject(new Error('away')))]);
    const answer = await fetch(`${http.url}/healthz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: 'ok' });
  });

  it('is ready when every part works', async () => {
    await using http = await start([
      check('database', async () => undefined),
      check('queue', async () => undefined),
    ]);
    const answer = await fetch(`${http.url}/readyz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      status: 'ok',
      checks: { database: { status: 'ok' }, queue: { status: 'ok' } },
    });
  });

  it('is not ready, and says why, when a part fails', async () => {
    await using http = await start([
      check('database', async () => undefined),
      check('queue', () => Promise.reject(new Error('connection refused'))),
    ]);
    const answer = await fetch(`${http.url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      status: 'unavailable',
      checks: {
        database: { status: 'ok' },
        queue: { status: 'failed', reason: 'connection refused' },
      },
    });
  });

  it('does not wait for a part that hangs', async () => {
    await using http = await start([check('database', () => new Promise(() => undefined))]);
    const answer = await fetch(`${http.url}/readyz`);
    expect(await answer.json()).toMatchObject({
      checks: { database: { status: 'failed', reason: 'no answer within 3000 ms' } },
    });
  });
});

describe('metrics', () => {
  it('count requests by the pattern of their path, and are for holders of a token', async () => {
    await using http = await start();
    await (await http.call('/api/v1/things/7')).text();
    await (await http.call('/api/v1/things/8')).text();
    await (await http.call('/nowhere')).text();
    http.app.get(Metrics).counter({ name: 'maestro_tests_total', help: 'Tests' }).inc();
    const answer = await http.call('/metrics');
    const text = await answer.text();
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(text).toMatch(
      /maestro_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/things\/:id",status="200"\} 2/,
    );
    expect(text).toMatch(/_count\{method="GET",route="none",status="404"\} 1/);
    expect(text).toContain('maestro_tests_total 1');
    expect(text).toContain('process_cpu_seconds_total');
    expect((await fetch(`${http.url}/metrics`)).status).toBe(401);
  });

  it('have a listener of their own when a port is set for them', async () => {
    await using http = await start([], 0);
    const { port } = http.app.get(MetricsListener);
    const answer = await fetch(`http://127.0.0.1:${port ?? 0}/metrics`);
    expect(await answer.text()).toContain('process_cpu_seconds_total');
    expect((await http.call('/metrics')).status).toBe(404);
  });
});

describe('JsonLogger', () => {
  const linesOf = (act: () => void, level?: 'warn' | 'debug'): unknown[] => {
    const written: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
    try {
      Logger.overrideLogger(new JsonLogger(level));
      act();
    } finally {
      process.stderr.write = write;
    }
    return written.map((line) => JSON.parse(line) as unknown);
  };

  it('writes a constant message with its facts as one line of JSON', () => {
    const log = new Logger('Remotes');
    expect(
      linesOf(() => {
        log.log('remote probed', { remoteId: 'r1', tookMs: 7 });
      }),
    ).toMatchObject([
      { level: 'log', context: 'Remotes', message: 'remote probed', remoteId: 'r1', tookMs: 7 },
    ]);
  });

  it('keeps what Nest says of every route at each start for the level debug', () => {
    const mapped = (): void => {
      new Logger('RouterExplorer').log('Mapped {/x, GET} route');
    };
    expect(linesOf(mapped)).toEqual([]);
    expect(linesOf(mapped, 'debug')).toMatchObject([{ context: 'RouterExplorer' }]);
  });

  it('takes the message from among the facts too', () => {
    const log = new Logger('Events');
    expect(
      linesOf(() => {
        log.warn({ message: 'cannot listen', reason: 'x' });
      }),
    ).toMatchObject([{ level: 'warn', context: 'Events', message: 'cannot listen', reason: 'x' }]);
  });

  it('writes an error with its stack in the same line', () => {
    const log = new Logger('Bugs');
    const [line, ...more] = linesOf(() => {
      log.error('failed', new Error('why'));
    });
    expect(more).toEqual([]);
    expect(line).toMatchObject({ message: 'failed', error: { message: 'why' } });
  });

  it('keeps quiet below its level', () => {
    const log = new Logger('Quiet');
    const act = (): void => {
      log.log('a');
      log.debug('b');
      log.warn('c');
    };
    expect(linesOf(act, 'warn')).toMatchObject([{ message: 'c' }]);
    expect(linesOf(act, 'debug')).toHaveLength(3);
  });
});
