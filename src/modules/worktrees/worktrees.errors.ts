import { DomainError } from '../../platform/errors/index.js';

export class WorktreeNotFound extends DomainError {
  readonly code = 'worktrees/not-found';
  readonly status = 404;

  constructor(id: string) {
    super(`No worktree has the id ${id}`);
  }
}

/** The branch is there already, in git or as another worktree of the session. */
export class BranchExists extends DomainError {
  readonly code = 'worktrees/branch-exists';
  readonly status = 409;

  constructor(branch: string) {
    super(`The branch ${branch} exists already`, { hint: 'Choose a branch name that is new.' });
  }
}

export class BranchNameInvalid extends DomainError {
  readonly code = 'worktrees/branch-invalid';
  readonly status = 422;

  constructor(branch: string) {
    super(`${JSON.stringify(branch)} is not a name that git accepts for a branch`, {
      errors: [{ pointer: '/branch', detail: 'Not a valid branch name' }],
    });
  }
}

export class BaseNotFound extends DomainError {
  readonly code = 'worktrees/base-not-found';
  readonly status = 422;

  constructor(base: string) {
    super(`${JSON.stringify(base)} names no commit of the repository`, {
      hint: 'Name a branch, a tag or a commit that the repository on the host has; fetch it there first.',
      errors: [{ pointer: '/base', detail: 'Names no commit' }],
    });
  }
}

export class NotARepository extends DomainError {
  readonly code = 'worktrees/not-a-repository';
  readonly status = 409;

  constructor(directory: string, said: string) {
    super(`${directory} is not in the working tree of a git repository: ${said}`, {
      hint: 'Give the session a working directory inside a git repository.',
    });
  }
}

export class PathNotUsable extends DomainError {
  readonly code = 'worktrees/path-not-usable';
  readonly status = 409;

  constructor(path: string, why: string) {
    super(`A worktree can not be made at ${path}: ${why}`, {
      hint: 'Name another directory; it must be outside of the repository, and new or empty.',
    });
  }
}

/** There are changes in it that are not committed. */
export class WorktreeDirty extends DomainError {
  readonly code = 'worktrees/dirty';
  readonly status = 409;

  constructor(path: string) {
    super(`The worktree at ${path} has changes that are not committed`, {
      hint: 'Commit them, or delete with force=true to lose them.',
    });
  }
}

export class WorktreeBusy extends DomainError {
  readonly code = 'worktrees/busy';
  readonly status = 409;

  constructor(id: string) {
    super(`An agent is working in worktree ${id}`, {
      hint: 'Wait until the turns of its session have ended, or cancel them.',
    });
  }
}

/** git ran and refused, for a reason that only its own words tell. */
export class GitRefused extends DomainError {
  readonly code = 'worktrees/git-refused';
  readonly status = 409;

  constructor(what: string, said: string) {
    super(`git ${what} failed: ${said}`);
  }
}
