import {
  FAILURES,
  type FailureName,
  type Model,
  type ModelRequest,
  type ToolCall,
} from './model-api.js';

/**
 * Follows a script: the lines of the newest prompt that begin with `%% `, at any indentation. Steps, one per request:
 *
 *     %% say TEXT                  the final answer            %% bash COMMAND     calls the shell tool
 *     %% report                    says what it was asked      %% read PATH
 *     %% write PATH :: TEXT        a file of its own           %% edit PATH :: OLD :: NEW
 *     %% call TOOL                 one that only this CLI has
 *
 * and what holds for every answer:
 *
 *     %% err 401|403|429|500|529|ctx     %% hang (never answers)
 *     %% slow PIECES MS                  %% usage IN OUT CACHE_READ CACHE_WRITE
 *     %% limit EPOCH_SECONDS (the limit of a subscription, until then)
 */
export const scriptedModel: Model = (asked) => {
  const { step, modifiers } = readScript(asked);
  const numbers = (verb: string): number[] =>
    (modifiers.get(verb) ?? '').split(' ').filter(Boolean).map(Number);
  const [pieces, pauseMs] = numbers('slow');
  const [limitedUntil = 0] = numbers('limit');
  return {
    does: (step && toolCall(step)) ?? { say: spoken(asked, step) },
    ...(modifiers.has('err') && { failure: failureOf(modifiers.get('err') ?? '') }),
    ...(limitedUntil > Date.now() / 1_000 && { limitedUntil }),
    hangs: modifiers.has('hang'),
    ...(pieces !== undefined && { pieces }),
    ...(pauseMs !== undefined && { pauseMs }),
    usage: numbers('usage'),
  };
};

const failureOf = (name: string): FailureName => FAILURES.find((known) => known === name) ?? '500';

interface Step {
  verb: string;
  rest: string;
}

const MODIFIERS = new Set(['err', 'hang', 'limit', 'slow', 'usage']);

/** The script of the newest prompt; as many steps of it are done as tools have answered since. */
const readScript = ({
  messages,
}: ModelRequest): { step: Step | null; modifiers: Map<string, string> } => {
  const lines = messages.map(({ role, content }) =>
    role === 'user' ? content.flatMap(({ text }) => text?.match(/^ *%% .*$/gm) ?? []) : [],
  );
  const at = lines.findLastIndex((found) => found.length > 0);
  const parsed = (lines[at] ?? []).map((line) => {
    const [, verb = '', rest = ''] = /^ *%% (\w+) ?(.*)$/.exec(line) ?? [];
    return { verb, rest };
  });
  const results = messages.slice(at + 1).flatMap(({ content }) => content);
  const done = results.filter(({ type }) => type === 'tool_result').length;
  return {
    step: parsed.filter(({ verb }) => !MODIFIERS.has(verb))[done] ?? null,
    modifiers: new Map(
      parsed.filter(({ verb }) => MODIFIERS.has(verb)).map(({ verb, rest }) => [verb, rest]),
    ),
  };
};

const spoken = (asked: ModelRequest, step: Step | null): string => {
  if (step?.verb === 'say') return step.rest;
  const said = asked.messages.filter(({ role }) => role === 'assistant').length;
  return `REPORT model=${asked.model} answers-before=${said}`;
};

const toolCall = ({ verb, rest }: Step): ToolCall | null => {
  const [file_path = '', first = '', second = ''] = rest.split(' :: ');
  switch (verb) {
    case 'bash':
      return { name: 'Bash', input: { command: rest, description: 'A step of the script' } };
    case 'read':
      return { name: 'Read', input: { file_path } };
    case 'write':
      return { name: 'Write', input: { file_path, content: first } };
    case 'edit':
      return { name: 'Edit', input: { file_path, old_string: first, new_string: second } };
    case 'call':
      return { name: 'Bash', input: {}, own: rest };
    default:
      return null;
  }
};
