import { Injectable } from '@nestjs/common';
import { Database } from '../../../platform/database/index.js';
import {
  mergePatch,
  page,
  type Page,
  type PageQuery,
  toInvalidRequest,
} from '../../../platform/http/index.js';
import { SessionsService } from '../../sessions/index.js';
import { PlaybookNotFound } from '../autorun.errors.js';
import { PlaybooksRepository, toPlaybook } from '../storage/playbooks.repository.js';
import { type Playbook } from './playbook.js';
import {
  type CreatePlaybook,
  createPlaybookSchema,
  type PatchPlaybook,
} from './playbooks.schemas.js';

@Injectable()
export class PlaybooksService {
  constructor(
    private readonly database: Database,
    private readonly playbooks: PlaybooksRepository,
    private readonly sessions: SessionsService,
  ) {}

  /** Under an id of the caller's choice: asking again never makes a second one. */
  async create(id: string, input: CreatePlaybook): Promise<Playbook> {
    if (input.sessionId !== null) await this.sessions.get(input.sessionId);
    const now = new Date();
    await this.playbooks.insertUnlessKnown({ id, ...input, createdAt: now, updatedAt: now });
    return this.get(id);
  }

  async get(id: string): Promise<Playbook> {
    const row = await this.playbooks.find(id);
    if (!row) throw new PlaybookNotFound(id);
    return toPlaybook(row);
  }

  async list({ cursor, limit }: PageQuery): Promise<Page<Playbook>> {
    const rows = await this.playbooks.page(cursor, limit + 1);
    return page(rows.map(toPlaybook), limit, ({ id }) => id);
  }

  async patch(id: string, patch: PatchPlaybook): Promise<Playbook> {
    if (typeof patch.sessionId === 'string') await this.sessions.get(patch.sessionId);
    return this.database.transaction(async (tx) => {
      const row = await this.playbooks.lock(id, tx);
      if (!row) throw new PlaybookNotFound(id);
      const { name, documents, loop, maxLoops, prompt, worktree, sessionId } = row;
      const before = { name, documents, loop, maxLoops, prompt, worktree, sessionId };
      const patched = createPlaybookSchema.safeParse(mergePatch(before, patch));
      if (!patched.success) throw toInvalidRequest(patched.error);
      const after = { ...row, ...patched.data, updatedAt: new Date() };
      await this.playbooks.save(after, tx);
      return toPlaybook(after);
    });
  }

  async delete(id: string): Promise<void> {
    if (!(await this.playbooks.delete(id))) throw new PlaybookNotFound(id);
  }
}
