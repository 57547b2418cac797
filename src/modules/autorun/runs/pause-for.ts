import { type DomainError, toFailure } from '../../../platform/errors/index.js';
import { DocumentMissing } from '../autorun.errors.js';
import { type PauseReason, type RunPause, type RunState } from './run.js';

/** What a run says when something refuses that time will not heal. */
export const pauseFor = (error: DomainError, state: RunState): RunPause => ({
  reason: reasonOf(error, state),
  detail: error.message,
  failure: toFailure(error),
});

const reasonOf = (error: DomainError, state: RunState): PauseReason => {
  if (error instanceof DocumentMissing) return 'document-missing';
  // Before it is prepared, a run reads nothing: it is the host or git that refuses.
  const reads = state !== 'queued' && /^(?:host|autorun)\//.test(error.code);
  return reads ? 'document-unreadable' : 'refused';
};
