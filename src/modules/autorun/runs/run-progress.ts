import { type RunRow } from '../storage/run.entity.js';
import { type RunProgress } from './run.js';

type Counted = Pick<RunRow, 'documents' | 'documentIndex'>;

export const progressOf = ({ documents, documentIndex }: Counted): RunProgress => {
  const done = documents.reduce((sum, document) => sum + document.done, 0);
  const open = documents.reduce((sum, document) => sum + document.open, 0);
  return {
    documents: documents.length,
    document: Math.min(documentIndex + 1, documents.length),
    tasksDone: done,
    tasksTotal: done + open,
  };
};

export const currentDocument = ({ documents, documentIndex }: Counted): string | null =>
  documents[documentIndex]?.path ?? null;
