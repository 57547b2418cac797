import { DomainError } from '../../platform/errors/index.js';

export class GroupChatNotFound extends DomainError {
  readonly code = 'groupchats/not-found';
  readonly status = 404;

  constructor(id: string) {
    super(`No group chat has the id ${id}`);
  }
}

export class MessageNotFound extends DomainError {
  readonly code = 'groupchats/message-not-found';
  readonly status = 404;

  constructor(id: string) {
    super(`The group chat has no message ${id}`);
  }
}

export class ParticipantNotFound extends DomainError {
  readonly code = 'groupchats/participant-not-found';
  readonly status = 404;

  constructor(sessionId: string) {
    super(`Session ${sessionId} takes no part in the group chat`);
  }
}

export class GroupChatBusy extends DomainError {
  readonly code = 'groupchats/busy';
  readonly status = 409;

  constructor(id: string, what: string) {
    super(`Group chat ${id} is busy: it can't be ${what} now`, {
      hint: 'Wait until it is idle, or stop it.',
    });
  }
}

export class GroupChatArchived extends DomainError {
  readonly code = 'groupchats/archived';
  readonly status = 409;

  constructor(id: string) {
    super(`Group chat ${id} is archived and takes no messages`, {
      hint: 'Set `archived` to false first.',
    });
  }
}

export class ModeratorCannotParticipate extends DomainError {
  readonly code = 'groupchats/moderator-cannot-participate';
  readonly status = 409;

  constructor(sessionId: string) {
    super(`Session ${sessionId} can't be moderator and participant of the same group chat`, {
      hint: 'Use another session for one of the two.',
    });
  }
}
