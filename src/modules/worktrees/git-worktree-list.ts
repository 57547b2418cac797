export interface RegisteredWorktree {
  path: string;
  head: string | null;
  /** Without `refs/heads/`; null when detached or bare. */
  branch: string | null;
  /** The reason of the lock; null when it is not locked. */
  locked: string | null;
  /** Its directory is gone. */
  prunable: boolean;
}

/** Reads `git worktree list --porcelain`. */
export const parseWorktrees = (porcelain: string): RegisteredWorktree[] =>
  porcelain
    .split('\n\n')
    .map((block) => fieldsOf(block.split('\n')))
    .flatMap((fields) => {
      const path = fields.get('worktree');
      if (path === undefined) return [];
      return {
        path,
        head: fields.get('HEAD') ?? null,
        branch: fields.get('branch')?.replace(/^refs\/heads\//, '') ?? null,
        locked: fields.get('locked') ?? null,
        prunable: fields.has('prunable'),
      };
    });

const fieldsOf = (lines: readonly string[]): Map<string, string> =>
  new Map(
    lines
      .filter((line) => line !== '')
      .map((line) => {
        const blank = line.indexOf(' ');
        return blank < 0 ? [line, ''] : [line.slice(0, blank), line.slice(blank + 1)];
      }),
  );
