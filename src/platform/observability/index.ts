export { JsonLogger } from './json-logger.js';
export { type MetricOutline, Metrics } from './metrics.js';
export { MetricsListener } from './metrics-listener.js';
export { ObservabilityModule } from './observability.module.js';
export { READINESS_CHECKS, type ReadinessCheck } from './readiness.js';
export { type Readiness, ReadinessService } from './readiness.service.js';
