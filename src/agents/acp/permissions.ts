import { type RequestPermissionResponse } from '@agentclientprotocol/sdk';
import { type TurnRequest } from '../adapter.js';
import { permissionAsked } from './protocol.js';
import { remember, send, type Step, tell } from './step.js';
import { askedForTool } from './tool-facts.js';

/** Answers for the person who is not there: a writing turn may do all it asks for, another only read. */
export const answerPermission = (
  step: Step,
  { id, params }: { id: unknown; params: unknown },
  { readOnly }: Pick<TurnRequest, 'readOnly'>,
): Step => {
  const { toolCall, options } = permissionAsked.safeParse(params).data ?? NOTHING;
  const may = !readOnly || READS.includes(toolCall?.kind ?? '');
  const option = (may ? ALLOW : REFUSE).flatMap(
    (kind) => options.find((each) => each.kind === kind) ?? [],
  )[0];
  const result: RequestPermissionResponse = {
    outcome: option ? { outcome: 'selected', optionId: option.optionId } : { outcome: 'cancelled' },
  };
  const told = toolCall ? askedForTool(step.memory, toolCall, may) : null;
  const next = told ? tell({ ...step, memory: told.memory }, told.facts) : step;
  return send(may ? next : remember(next, { wasRefused: true, gaveUp: true }), { id, result });
};

const NOTHING = { toolCall: null, options: [] };
const READS = ['read', 'search'];

// What is allowed always is written to the settings of the project or the user, and would hold for read-only turns too.
const ALLOW = ['allow_once', 'allow_always'];
const REFUSE = ['reject_once', 'reject_always'];
