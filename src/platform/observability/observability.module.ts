import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsListener } from './metrics-listener.js';
import { Metrics } from './metrics.js';
import { READINESS_CHECKS, type ReadinessCheck } from './readiness.js';
import { ReadinessService } from './readiness.service.js';

@Global()
@Module({})
export class ObservabilityModule {
  /** @param checks Injectables; what they need must be exported by a global module. */
  static forRoot({ checks }: { checks: Type<ReadinessCheck>[] }): DynamicModule {
    return {
      module: ObservabilityModule,
      controllers: [HealthController, MetricsController],
      providers: [
        Metrics,
        MetricsListener,
        ReadinessService,
        ...checks,
        {
          provide: READINESS_CHECKS,
          inject: checks,
          useFactory: (...all: ReadinessCheck[]): ReadinessCheck[] => all,
        },
      ],
      exports: [Metrics],
    };
  }
}
