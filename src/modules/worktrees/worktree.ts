/** A git worktree of a session's repository, with a child session that works in it. */
export interface Worktree {
  id: string;
  state: WorktreeState;
  /** Absolute on its host; null until it is known. */
  path: string | null;
  branch: string;
  /** The commit that the branch began at. */
  baseSha: string | null;
  /** The child session; null until it is made. */
  sessionId: string | null;
  parentSessionId: string;
  createdAt: string;
}

export type WorktreeState = 'creating' | 'ready';
