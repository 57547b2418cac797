export { Answers, Creates, Idempotent, StartsWork } from './answers.decorators.js';
export {
  IdempotencyConflict,
  InvalidRequest,
  NothingHere,
  StillInProgress,
} from './http.errors.js';
export { HttpModule } from './http.module.js';
export { ResourceId } from './idempotency.interceptor.js';
export { API_PREFIX } from './location.interceptor.js';
export { mergePatch } from './merge-patch.js';
export { describeApi } from './openapi.js';
export { page, type Page, pageOf, type PageQuery, pageQuery, pageShape } from './page.js';
export { ofDomainError, type Problem, sendProblem } from './problem.js';
export { requestIdOf } from './request-id.js';
export { body, id, query } from './request-schemas.js';
export { BODY_LIMIT_BYTES, setupHttp, toCorsOrigin } from './setup-http.js';
export { IdempotencyKeys } from './storage/idempotency-keys.repository.js';
export { toInvalidRequest } from './zod.pipe.js';
