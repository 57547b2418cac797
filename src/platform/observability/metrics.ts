import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type NextFunction, type Request, type Response } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricOutline<L extends string> {
  /** `maestro_turns_total`: with the product's name and the unit. */
  name: string;
  help: string;
  /** Few values each: never an id. */
  labels?: readonly L[];
}

const HTTP_SECONDS = [0.005, 0.025, 0.1, 0.5, 2, 10];

/** What the server counts, for Prometheus. Modules make their metrics here, once, in a constructor. */
@Injectable()
export class Metrics implements OnModuleDestroy {
  private readonly registry = new Registry();
  private readonly requests: Histogram<'method' | 'route' | 'status'>;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.requests = this.histogram({
      name: 'maestro_http_request_duration_seconds',
      help: 'Time from the first byte of a request to the last of its answer',
      labels: ['method', 'route', 'status'],
      buckets: HTTP_SECONDS,
    });
  }

  /** Counts every request; `route` is the pattern, so that ids make no new series. */
  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    const observe = this.requests.startTimer({ method: request.method });
    response.once('close', () => {
      const { path } = (request.route ?? {}) as { path?: unknown };
      observe({
        route: typeof path === 'string' ? path : 'none',
        status: response.writableEnded ? response.statusCode : 'aborted',
      });
    });
    next();
  };

  counter<L extends string = never>({ name, help, labels = [] }: MetricOutline<L>): Counter<L> {
    return new Counter({ name, help, labelNames: labels, registers: [this.registry] });
  }

  gauge<L extends string = never>({ name, help, labels = [] }: MetricOutline<L>): Gauge<L> {
    return new Gauge({ name, help, labelNames: labels, registers: [this.registry] });
  }

  histogram<L extends string = never>(
    outline: MetricOutline<L> & { buckets: number[] },
  ): Histogram<L> {
    const { name, help, labels = [], buckets } = outline;
    return new Histogram({ name, help, labelNames: labels, buckets, registers: [this.registry] });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  async text(): Promise<string> {
    return this.registry.metrics();
  }

  onModuleDestroy(): void {
    this.registry.clear();
  }
}
