import { type Usage } from '../adapter.js';
import { type Memory } from './memory.js';

/** As this agent calls itself. */
const COPILOT = 'Copilot';

/**
 * What some agents say, where the answer would stand, of a turn that has failed: by the name that the agent gives itself, and
 * just as it begins. (A model that says the same, in one piece and nothing behind it, in a turn whose usage is not told, would
 * be mistaken for it.)
 */
const NOTICES = new Map([
  [
    COPILOT,
    /^Error: (?:Authentication failed with provider at |The provider rejected the prompt as too long\b|Failed to get response from the AI model; retried \d+ times\b)/,
  ],
  [
    '@agentclientprotocol/codex-acp',
    /^(?:\{"error":\{|Selected model is at capacity\.|You.ve hit your usage limit\b|(?:unexpected status|exceeded retry limit, last status:) \d{3}\b)/,
  ],
]);

/** What they say there between two attempts at one answer, in a piece of its own. */
const REMARKS = new Map([
  [
    COPILOT,
    /^Info: (?:Request failed due to a transient API error\. Retrying|The conversation exceeded the model's context limit\. Compacting history and retrying)\.\.\.$/,
  ],
]);

const GAVE_UP = 'Info: Operation cancelled by user';

/**
 * Whether a piece of a message is such a notice. Where messages have ids, a notice has none.
 *
 * @param name the agent's name of itself
 */
export const isNotice = (name: string | null, piece: string, id: string | null): boolean =>
  name !== null && id === null && NOTICES.get(name)?.test(piece) === true;

/** Whether it is such a remark: what follows begins the answer anew. */
export const isRemark = (name: string | null, piece: string, id: string | null): boolean =>
  saysThatItGaveUp(name, piece) ||
  (name !== null && id === null && REMARKS.get(name)?.test(piece) === true);

/** Whether that is how it says that it has given up. */
export const saysThatItGaveUp = (name: string | null, piece: string): boolean =>
  name === COPILOT && piece === GAVE_UP;

/**
 * Whether the notice that was said last is the end of the turn. What a turn has used is told when a model has answered
 * it: then a notice may be the model's.
 */
export const isReason = ({ notice, isFaulty }: Memory, usage: Usage | null): boolean =>
  notice !== null && (isFaulty || usage === null);
