import { type Fact } from '../adapter.js';
import { type ToolPart } from './stream-events.js';

const SUMMARY_LENGTH = 200;

/** What a tool works on, from the most to the least telling of the arguments that its tools have. */
const TELLING = ['command', 'filePath', 'pattern', 'url', 'query', 'description', 'name', 'path'];

/** What a client sees of a tool. It is told of once, when it is over. */
export const toolFacts = ({ tool, callID: id, state }: ToolPart): Fact[] => {
  const { input, title } = state;
  const isUnknown = tool === 'invalid' && typeof input?.['tool'] === 'string';
  const failure = failureOf(state, isUnknown);
  const told = TELLING.map((key) => input?.[key]).find((value) => typeof value === 'string');
  const about = (told ?? title)?.slice(0, SUMMARY_LENGTH) ?? null;
  const fact = { type: 'tool', id, name: isUnknown ? String(input['tool']) : tool } as const;
  return [
    { ...fact, phase: 'started', summary: about },
    failure === null
      ? { ...fact, phase: 'completed', summary: about }
      : { ...fact, phase: 'failed', summary: failure.slice(0, SUMMARY_LENGTH) || about },
  ];
};

const failureOf = (state: ToolPart['state'], isUnknown: boolean): string | null => {
  const { status, input, output, error, metadata } = state;
  if (status === 'error') return error ?? '';
  if (isUnknown) return typeof input?.['error'] === 'string' ? input['error'] : '';
  // For the CLI it is a success to have run a command, however that has ended.
  const exit = metadata?.['exit'];
  if (typeof exit !== 'number' || exit === 0) return null;
  return `Exit code ${exit}: ${output === '(no output)' ? '' : (output ?? '')}`.trim();
};

/** What the tool was that nobody was there to allow; null for all others. */
export const refusalOf = ({ tool, state }: ToolPart): string | null =>
  state.status === 'error' && /^The user rejected permission\b/.test(state.error ?? '')
    ? tool
    : null;
