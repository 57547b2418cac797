import { Injectable } from '@nestjs/common';
import { storableText } from '../../../platform/events/index.js';
import { SessionPlaces, SessionsService } from '../../sessions/index.js';
import { type Checklist, parseChecklist, resetChecklist } from '../checklist.js';
import { DocumentChanged, RunSessionMoved } from '../autorun.errors.js';
import { DocumentFolder } from '../documents/document-folder.js';
import { type RunRow } from '../storage/run.entity.js';
import { workingPath } from './working-copy.js';
import { treeOf } from './working-tree.js';

/** The documents of runs, where the runs work on them. */
@Injectable()
export class RunFolders {
  constructor(
    private readonly sessions: SessionsService,
    private readonly places: SessionPlaces,
  ) {}

  /** @throws {RunSessionMoved} */
  async of(run: RunRow): Promise<DocumentFolder> {
    if (run.workSessionId === null || run.folder === null) {
      throw new Error(`Run ${run.id} is not prepared`);
    }
    const session = await this.sessions.get(run.workSessionId);
    if (treeOf(session) !== run.workingTree) throw new RunSessionMoved(session.name);
    const { host } = await this.places.hostOf(run.workSessionId);
    return new DocumentFolder(host, run.folder);
  }

  /** The tasks of a document as they are now, or of its copy for this pass. */
  async checklist(run: RunRow, index: number): Promise<Checklist> {
    const folder = await this.of(run);
    return parseChecklist(storableText((await folder.read(workingPath(run, index))).text));
  }

  /** Makes the copy that a document which is reset is worked on in this pass. */
  async prepareCopy(run: RunRow, index: number): Promise<void> {
    const original = run.documents[index]?.path;
    const path = workingPath(run, index);
    if (original !== undefined && path !== original) {
      await copyReset(await this.of(run), original, path);
    }
  }
}

/** A copy that is there is left as it is: it may have been worked on. */
const copyReset = async (folder: DocumentFolder, from: string, to: string): Promise<void> => {
  const { text } = await folder.read(from);
  try {
    await folder.write(to, resetChecklist(text), null);
  } catch (error) {
    if (!(error instanceof DocumentChanged)) throw error;
  }
};
