import { type HaltMarker } from '../checklist.js';
import { type RunRow } from '../storage/run.entity.js';
import { type RunDocument } from './run.js';

/** The documents of a run with one of them changed. */
export const withDocument = (
  { documents }: Pick<RunRow, 'documents'>,
  index: number,
  change: Partial<RunDocument>,
): RunDocument[] =>
  documents.map((document, at) => (at === index ? { ...document, ...change } : document));

/** Where a pass begins. */
export const nextPass = (run: Pick<RunRow, 'documents' | 'loop'>): Partial<RunRow> => ({
  loop: run.loop + 1,
  documentIndex: 0,
  idleTurns: 0,
  tickedInPass: 0,
  documents: run.documents.map(({ path, resetOnCompletion }) =>
    newDocument({ path, resetOnCompletion }),
  ),
});

export const newDocument = ({
  path,
  resetOnCompletion,
}: Pick<RunDocument, 'path' | 'resetOnCompletion'>): RunDocument => ({
  path,
  resetOnCompletion,
  done: 0,
  open: 0,
  worked: false,
  stalled: false,
  skipped: false,
});

export const haltReason = ({ reason }: HaltMarker): string =>
  reason === null ? 'halted' : `halted: ${reason}`;
