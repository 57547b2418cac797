import { type RunDocument } from './run.js';

/**
 * The path of the document that the agent works on, relative to the Auto Run folder: the document itself, or for one
 * that is reset a copy of its own for every pass (and for every mention of it).
 */
export const workingPath = (
  run: { id: string; loop: number; documents: readonly RunDocument[] },
  index: number,
): string => {
  const document = run.documents[index];
  if (!document) throw new Error(`Run ${run.id} has no document ${index}`);
  if (!document.resetOnCompletion) return document.path;
  const mentions = run.documents.slice(0, index).filter(({ path }) => path === document.path);
  return [
    'runs',
    run.id,
    ...(run.loop > 1 ? [`loop-${run.loop}`] : []),
    ...(mentions.length > 0 ? [`again-${mentions.length}`] : []),
    document.path,
  ].join('/');
};
