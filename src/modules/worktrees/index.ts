export { Git } from './git.js';
export { type Worktree } from './worktree.js';
export { BranchExists, WorktreeNotFound } from './worktrees.errors.js';
export { WorktreesModule } from './worktrees.module.js';
export { WorktreesService } from './worktrees.service.js';
