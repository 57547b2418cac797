export { firstSentence } from './history.service.js';
export { type NewSession, type Session, type SessionOutline } from './session.js';
export { SessionBusy, SessionNotFound } from './sessions.errors.js';
export { SessionsModule } from './sessions.module.js';
export { agentSettings, readOnlySchema } from './sessions.schemas.js';
export { type SessionPlace, SessionsService } from './sessions.service.js';
export { hasEnded, type Turn, type TurnKind, type TurnState } from './turn.js';
export { type NewTurn, TurnsService } from './turns.service.js';
export { workingTree } from './working-tree.js';
