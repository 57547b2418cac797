import { z } from 'zod';
import { body } from '../../../platform/http/index.js';
import { isDocumentPath } from './document-path.js';
import { MAX_DOCUMENT_BYTES } from './document-folder.js';

/** The rest of a URL, as Express hands it on: one text a segment. */
export const documentPathParam = z
  .union([z.string(), z.array(z.string())])
  .transform((path) => (typeof path === 'string' ? path : path.join('/')))
  .refine(isDocumentPath);

export const putDocumentSchema = body({ content: z.string().max(MAX_DOCUMENT_BYTES) });
export type PutDocument = z.infer<typeof putDocumentSchema>;

export const documentListSchema = z.object({
  items: z.array(
    z
      .object({
        path: z.string(),
        sizeBytes: z.int(),
        tasksDone: z.int().nullable().describe('Null when the document can not be read'),
        tasksTotal: z.int().nullable(),
      })
      .meta({ id: 'DocumentEntry' }),
  ),
  nextCursor: z.null(),
  folder: z.string().describe('The Auto Run folder, absolute on the host'),
  truncated: z.boolean().describe('There is more than this server lists'),
});
export type DocumentList = z.infer<typeof documentListSchema>;

export const documentSchema = z
  .object({
    path: z.string(),
    content: z.string(),
    etag: z.string(),
    tasksDone: z.int(),
    tasksTotal: z.int(),
  })
  .meta({ id: 'Document' });
export type Document = z.infer<typeof documentSchema>;
