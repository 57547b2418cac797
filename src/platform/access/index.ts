export { Public, Requires } from './access.decorators.js';
export { Forbidden, Unauthenticated, Unsealable } from './access.errors.js';
export { AccessModule } from './access.module.js';
export { AdminToken } from './admin-token.js';
export { type Principal, principalOf, type Role } from './principal.js';
export { Sealer } from './sealer.js';
export { TokenVerifier } from './token-verifier.js';
