/** Answers of the API with good defaults. */
export const aSession = (fields: object = {}): object => ({
  id: '019a0000-0000-7000-8000-00000000000a',
  name: 'web',
  agent: 'demo',
  agentLabel: 'demo',
  cwd: '/src/web',
  remoteId: null,
  target: { kind: 'local', remote: false, hostName: null },
  state: 'idle',
  activeTurnId: null,
  queued: 0,
  ...fields,
});

export const aTurn = (fields: object = {}): object => ({
  id: '019a0000-0000-7000-8000-0000000000f1',
  sessionId: '019a0000-0000-7000-8000-00000000000a',
  kind: 'message',
  state: 'queued',
  text: null,
  providerSessionId: null,
  usage: null,
  error: null,
  host: { kind: 'local', remoteId: null, hostname: null },
  attempts: 0,
  startedAt: null,
  finishedAt: null,
  ...fields,
});

export const aRemote = (fields: object = {}): object => ({
  id: '019a0000-0000-7000-8000-0000000000b1',
  name: 'box',
  host: 'box.test',
  port: 22,
  username: 'ada',
  enabled: true,
  isDefault: false,
  state: { status: 'online', latencyMs: 3, error: null },
  ...fields,
});

export const aRun = (fields: object = {}): object => ({
  id: '019a0000-0000-7000-8000-0000000000c1',
  sessionId: '019a0000-0000-7000-8000-00000000000a',
  state: 'running',
  pause: null,
  endReason: null,
  progress: { documents: 1, document: 1, tasksDone: 0, tasksTotal: 2 },
  worktreeId: null,
  startedAt: null,
  finishedAt: null,
  ...fields,
});

export const aMessage = (fields: object = {}): object => ({
  id: '019a0000-0000-7000-8000-0000000000d1',
  seq: 1,
  round: null,
  from: 'user',
  sessionId: null,
  name: 'You',
  text: 'What is new?',
  late: false,
  turnId: null,
  ...fields,
});
