import { DomainError } from '../../platform/errors/index.js';

export class SessionNotFound extends DomainError {
  readonly code = 'sessions/not-found';
  readonly status = 404;

  constructor(id: string) {
    super(`No session has the id ${id}`);
  }
}

export class SessionBusy extends DomainError {
  readonly code = 'sessions/busy';
  readonly status = 409;

  constructor(id: string, what: string) {
    super(`Session ${id} is busy: ${what}`, {
      hint: 'Wait until its turns have ended, or cancel them.',
    });
  }
}

export class SessionInUse extends DomainError {
  readonly code = 'sessions/in-use';
  readonly status = 409;

  constructor(id: string) {
    super(`Session ${id} is used by a group chat, a run or a worktree`, {
      hint: 'Remove it there first.',
    });
  }
}

export class TurnNotFound extends DomainError {
  readonly code = 'turns/not-found';
  readonly status = 404;

  constructor(id: string) {
    super(`No turn has the id ${id}`);
  }
}

export class TurnNotQueued extends DomainError {
  readonly code = 'turns/not-queued';
  readonly status = 409;

  constructor(id: string, state: string) {
    super(`Turn ${id} is ${state}: only a queued turn can be changed, and a limited one held`);
  }
}

export class TurnHasWorked extends DomainError {
  readonly code = 'turns/has-worked';
  readonly status = 409;

  constructor(id: string) {
    const detail = 'some of it may be done already, so its prompt can no longer be changed';
    super(`Turn ${id} is to be tried again: ${detail}`, {
      hint: 'It can be held, moved and cancelled.',
      errors: [{ pointer: '/prompt', detail }],
    });
  }
}
