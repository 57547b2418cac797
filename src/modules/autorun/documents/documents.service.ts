import { Injectable } from '@nestjs/common';
import { isTransient } from '../../../hosts/transient.js';
import { SessionPlaces, SessionsService } from '../../sessions/index.js';
import { parseChecklist } from '../checklist.js';
import { DocumentFolder } from './document-folder.js';
import { resolveFolder } from './document-path.js';
import { type Document, type DocumentList } from './documents.schemas.js';

/** Documents that are read at once for a list: several, and far less than a host has channels for. */
const READ_AT_ONCE = 4;

/** The documents of sessions, through the hosts of the sessions. */
@Injectable()
export class DocumentsService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly places: SessionPlaces,
  ) {}

  async folderOf(sessionId: string): Promise<DocumentFolder> {
    const { autoRunFolder } = await this.sessions.get(sessionId);
    const { host, cwd } = await this.places.hostOf(sessionId);
    const { home } = await host.environment();
    return new DocumentFolder(host, resolveFolder(autoRunFolder, cwd, home));
  }

  async list(sessionId: string): Promise<DocumentList> {
    const folder = await this.folderOf(sessionId);
    const { documents, truncated } = await folder.list();
    const items: DocumentList['items'] = [];
    for (let from = 0; from < documents.length; from += READ_AT_ONCE) {
      items.push(
        ...(await Promise.all(
          documents.slice(from, from + READ_AT_ONCE).map(async ({ path, size }) => ({
            path,
            sizeBytes: size,
            ...(await countTasks(folder, path)),
          })),
        )),
      );
    }
    return { items, nextCursor: null, folder: folder.root, truncated };
  }

  async read(sessionId: string, path: string): Promise<Document> {
    const { text, etag } = await (await this.folderOf(sessionId)).read(path);
    return toDocument(path, text, etag);
  }

  /** @param ifMatch as in `DocumentFolder.write` */
  async write(
    sessionId: string,
    path: string,
    content: string,
    ifMatch?: string | null,
  ): Promise<Document> {
    const { etag } = await (await this.folderOf(sessionId)).write(path, content, ifMatch);
    return toDocument(path, content, etag);
  }
}

const toDocument = (path: string, content: string, etag: string): Document => {
  const { tasks, done } = parseChecklist(content);
  return { path, content, etag, tasksDone: done, tasksTotal: tasks.length };
};

/** One document that can't be read does not hide the others; a host that can't be reached does. */
const countTasks = async (
  folder: DocumentFolder,
  path: string,
): Promise<{ tasksDone: number | null; tasksTotal: number | null }> => {
  try {
    const { tasks, done } = parseChecklist((await folder.read(path)).text);
    return { tasksDone: done, tasksTotal: tasks.length };
  } catch (error) {
    if (isTransient(error)) throw error;
    return { tasksDone: null, tasksTotal: null };
  }
};
