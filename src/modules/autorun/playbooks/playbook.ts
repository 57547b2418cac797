export interface PlaybookDocument {
  /** Relative to the session's Auto Run folder. */
  path: string;
  /** Work on a copy with every task open, so that the document can be done again and again. */
  resetOnCompletion: boolean;
}

export interface PlaybookWorktree {
  branch: string;
  base: string | null;
  pullRequest: boolean;
}

/** A saved list of documents and the options to run them with. */
export interface Playbook {
  id: string;
  name: string;
  documents: PlaybookDocument[];
  loop: boolean;
  /** Null: as long as tasks remain. */
  maxLoops: number | null;
  prompt: string | null;
  worktree: PlaybookWorktree | null;
  sessionId: string | null;
  createdAt: string;
  updatedAt: string;
}
