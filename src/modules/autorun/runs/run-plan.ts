import { v7 as uuid } from 'uuid';
import { type Session } from '../../sessions/index.js';
import { type Playbook } from '../playbooks/playbook.js';
import { type RunRow, type WantedRunWorktree } from '../storage/run.entity.js';
import { newDocument } from './cursor.js';
import { type StartRunRequest } from './runs.schemas.js';
import { futureTreeOf, treeOf } from './working-tree.js';

/** The row of a new run: what the request says goes before what its playbook says. */
export const plannedRun = (
  id: string,
  request: StartRunRequest,
  session: Session,
  playbook: Playbook | null,
): RunRow => {
  const worktree = wantedWorktree(request, playbook);
  return {
    id,
    sessionId: session.id,
    playbookId: playbook?.id ?? null,
    state: 'queued',
    pause: null,
    endReason: null,
    stopReason: null,
    looping: request.loop ?? playbook?.loop ?? false,
    maxLoops: (request.maxLoops === undefined ? playbook?.maxLoops : request.maxLoops) ?? null,
    prompt: (request.prompt === undefined ? playbook?.prompt : request.prompt) ?? null,
    worktree,
    worktreeId: null,
    workSessionId: null,
    workingTree: worktree ? futureTreeOf(session, worktree.branch) : treeOf(session),
    folder: null,
    documents: (request.documents ?? playbook?.documents ?? []).map(newDocument),
    loop: 1,
    surveyedLoop: 0,
    documentIndex: 0,
    turnId: null,
    taskTurns: 0,
    idleTurns: 0,
    tickedInPass: 0,
    passedGate: null,
    fence: 0,
    worker: null,
    leaseUntil: null,
    retryAt: null,
    createdAt: new Date(),
    startedAt: null,
    finishedAt: null,
  };
};

const wantedWorktree = (
  { worktree }: StartRunRequest,
  playbook: Playbook | null,
): WantedRunWorktree | null => {
  if (worktree) return { id: uuid(), ...worktree };
  return playbook?.worktree ? { id: uuid(), ...playbook.worktree, targetBranch: null } : null;
};
