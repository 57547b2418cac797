import { DomainError } from '../../platform/errors/index.js';

/** Said at the start, not after a night's work. */
export class PullRequestUnsupported extends DomainError {
  readonly code = 'runs/pull-request-unsupported';
  readonly status = 422;

  constructor() {
    super('This server cannot open pull requests yet', {
      hint: 'Start the run without, and open the pull request from its branch.',
      errors: [{ pointer: '/worktree/pullRequest', detail: 'Must be false' }],
    });
  }
}

export class DocumentPathInvalid extends DomainError {
  readonly code = 'autorun/path-invalid';
  readonly status = 422;

  constructor(path: string) {
    super(`${JSON.stringify(path)} names no document of an Auto Run folder`, {
      hint: 'Name a .md file by its path relative to the Auto Run folder, without "..".',
    });
  }
}

/** The path leads, by a symbolic link, out of the Auto Run folder. */
export class DocumentOutsideFolder extends DomainError {
  readonly code = 'autorun/outside-folder';
  readonly status = 403;

  constructor(path: string) {
    super(`${path} leads out of the Auto Run folder`);
  }
}

export class DocumentMissing extends DomainError {
  readonly code = 'autorun/document-missing';
  readonly status = 404;

  constructor(path: string, folder: string) {
    super(`There is no document ${path} in ${folder}`);
  }
}

/** Someone else has written it since it was read. */
export class DocumentChanged extends DomainError {
  readonly code = 'autorun/document-changed';
  readonly status = 412;

  constructor(path: string) {
    super(`The document ${path} is not as it was when you read it`, {
      hint: 'Read it again, and write with the ETag that it has now.',
    });
  }
}

export class PlaybookNotFound extends DomainError {
  readonly code = 'playbooks/not-found';
  readonly status = 404;

  constructor(id: string) {
    super(`No playbook has the id ${id}`);
  }
}

export class RunNotFound extends DomainError {
  readonly code = 'runs/not-found';
  readonly status = 404;

  constructor(id: string) {
    super(`No run has the id ${id}`);
  }
}

/** The run is not in a state in which the command makes sense, or not in the one that was expected. */
export class RunConflict extends DomainError {
  readonly code = 'runs/conflict';
  readonly status = 409;

  constructor(id: string, state: string, command: string) {
    super(`Run ${id} is ${state}: it can not be told to ${command}`, {
      hint: 'Read the run and decide again.',
    });
  }
}

/** There is a run in that working tree that has not ended. */
export class RunBusy extends DomainError {
  readonly code = 'runs/busy';
  readonly status = 409;

  constructor(workingTree: string) {
    super(`Another run is at work in ${workingTree}`, {
      hint: 'Wait for it, stop it, or run in a worktree of its own.',
    });
  }
}

/** Its other half would be done in another place, perhaps on another machine. */
export class RunSessionMoved extends DomainError {
  readonly code = 'runs/session-moved';
  readonly status = 409;

  constructor(session: string) {
    super(`The session ${session} was given another host or directory since the run began`, {
      hint: 'Give it back what it had and resume the run, or abort it and start another.',
    });
  }
}

/** A halt marker of an earlier run would stop this one at once. */
export class HaltMarkerPresent extends DomainError {
  readonly code = 'runs/halt-marker-present';
  readonly status = 409;

  constructor(document: string, line: number, reason: string | null) {
    super(`${document} has a halt marker in line ${line}${reason === null ? '' : `: ${reason}`}`, {
      hint: 'Remove the marker when its reason is settled, then start the run again.',
    });
  }
}
