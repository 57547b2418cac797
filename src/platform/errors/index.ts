export { DomainError, type DomainErrorOptions, type Failure, toFailure } from './domain-error.js';
