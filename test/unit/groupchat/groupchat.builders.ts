import { randomUUID } from 'node:crypto';
import { DEFAULT_LIMITS } from '../../../src/modules/groupchat/group-chat.js';
import { type Picture } from '../../../src/modules/groupchat/rounds/picture.js';
import { type GroupChatRow } from '../../../src/modules/groupchat/storage/group-chat.entity.js';
import { type QuestionRow } from '../../../src/modules/groupchat/storage/question.entity.js';
import { type RoundRow } from '../../../src/modules/groupchat/storage/round.entity.js';
import { type RoundTurnRow } from '../../../src/modules/groupchat/storage/round-turn.entity.js';
import { type Turn, type TurnState } from '../../../src/modules/sessions/turn.js';

const CHAT = 'the-chat';
const ROUND = 'the-round';
const MESSAGE = 'the-message';
const at = new Date('2026-01-01T00:00:00Z');

export const aChat = (change: Partial<GroupChatRow> = {}): GroupChatRow => ({
  id: CHAT,
  name: 'Chat',
  moderatorSessionId: 'moderator-session',
  limits: DEFAULT_LIMITS,
  state: 'idle',
  archived: false,
  lastSeq: 1,
  createdAt: at,
  updatedAt: at,
  ...change,
});

export const aQuestion = (change: Partial<QuestionRow> = {}): QuestionRow => ({
  messageId: MESSAGE,
  chatId: CHAT,
  seq: 1,
  state: 'active',
  readOnly: false,
  corrected: false,
  heardSeq: 1,
  endReason: null,
  endedAt: null,
  ...change,
});

export const aRound = (change: Partial<RoundRow> = {}): RoundRow => ({
  id: ROUND,
  chatId: CHAT,
  messageId: MESSAGE,
  number: 1,
  phase: 'moderator',
  moderatorTurnId: null,
  startedAt: at,
  closedAt: null,
  ...change,
});

export const aRoundTurn = (change: Partial<RoundTurnRow>): RoundTurnRow => ({
  id: randomUUID(),
  roundId: ROUND,
  chatId: CHAT,
  role: 'participant',
  sessionId: randomUUID(),
  handle: 'Backend',
  turnId: randomUUID(),
  state: 'pending',
  settled: false,
  deadlineAt: null,
  failure: null,
  costUsd: null,
  ...change,
});

export const aTurn = ({ turnId, sessionId, role }: RoundTurnRow, state: TurnState): Turn => ({
  id: turnId ?? '',
  sessionId,
  kind: role,
  state,
  prompt: '',
  text: 'said',
  readOnly: false,
  images: [],
  held: false,
  providerSessionId: null,
  usage: null,
  exitCode: null,
  signal: null,
  error: null,
  host: { kind: 'local', remoteId: null, hostname: null },
  cwd: null,
  attempts: 1,
  earlier: [],
  waiting: null,
  retryAt: null,
  resumesAt: null,
  queuedAt: at.toISOString(),
  startedAt: null,
  lastActivityAt: null,
  finishedAt: null,
});

export const aPicture = ({
  turns = [],
  ...change
}: Partial<Omit<Picture, 'turns'>> & { turns?: Turn[] }): Picture => ({
  chat: aChat(),
  question: aQuestion(),
  next: null,
  round: aRound(),
  open: [],
  turns: new Map(turns.map((turn) => [turn.id, turn])),
  ...change,
});
