import { type Fact } from '../adapter.js';
import { type Memory } from './memory.js';
import { type ToolCall } from './protocol.js';

type Told = { memory: Memory; facts: Fact[] };
type Tool = Memory['tools'][string];

const SUMMARY_LENGTH = 200;
/** An update of a tool that is over may still come for a while. */
const REMEMBERED = 100;

/** A call of a tool or an update of one: some agents begin with the latter, and some begin twice. */
export const tellTool = (memory: Memory, call: ToolCall): Told => {
  if (memory.closed.includes(call.toolCallId)) return { memory, facts: [] };
  const tool = known(memory, call);
  if (call.status === 'completed' || call.status === 'failed') {
    return close(memory, call, tool, call.status);
  }
  return tool.started || isStillWritten(call)
    ? keep(memory, call, tool)
    : begin(memory, call, tool);
};

/** A tool for which leave is asked: for some agents this is the first word of it, and if refused the last. */
export const askedForTool = (memory: Memory, call: ToolCall, may: boolean): Told => {
  if (memory.closed.includes(call.toolCallId)) return { memory, facts: [] };
  const tool = known(memory, call);
  if (!may) return close(memory, { ...call, ...NOT_ALLOWED }, tool, 'failed');
  return tool.started ? keep(memory, call, tool) : begin(memory, call, tool);
};

const NOT_ALLOWED = { content: null, rawOutput: 'Not allowed in a read-only turn' };

/** The model has named the tool, and not yet said what it is to do. */
const isStillWritten = ({ status, rawInput }: ToolCall): boolean =>
  status === 'pending' &&
  typeof rawInput === 'object' &&
  rawInput !== null &&
  Object.keys(rawInput).length === 0;

const known = ({ tools }: Memory, { toolCallId, name, kind, title }: ToolCall): Tool => {
  const tool = tools[toolCallId];
  return {
    name: tool?.name ?? name ?? kind ?? 'other',
    summary: title ? short(title) : (tool?.summary ?? null),
    started: tool?.started ?? false,
  };
};

const keep = (memory: Memory, { toolCallId }: ToolCall, tool: Tool): Told => ({
  memory: { ...memory, interrupted: true, tools: { ...memory.tools, [toolCallId]: tool } },
  facts: [],
});

const begin = (memory: Memory, call: ToolCall, tool: Tool): Told => ({
  ...keep(memory, call, { ...tool, started: true }),
  facts: [started(call, tool)],
});

const close = (memory: Memory, call: ToolCall, tool: Tool, phase: 'completed' | 'failed'): Told => {
  const { toolCallId: id } = call;
  const tools = Object.fromEntries(Object.entries(memory.tools).filter(([each]) => each !== id));
  const summary = phase === 'failed' ? (reason(call) ?? tool.summary) : tool.summary;
  return {
    memory: {
      ...{ ...memory, interrupted: true, tools },
      closed: [...memory.closed, id].slice(-REMEMBERED),
    },
    facts: [
      ...(tool.started ? [] : [started(call, tool)]),
      { type: 'tool', id, phase, name: tool.name, summary },
    ],
  };
};

const started = ({ toolCallId: id }: ToolCall, { name, summary }: Tool): Fact => ({
  ...{ type: 'tool', id, phase: 'started', name, summary },
});

/** Why it failed, as far as that is told. */
const reason = ({ content, rawOutput }: ToolCall): string | null => {
  const told = wordsOf(rawOutput) ?? content?.flatMap((each) => each?.content?.text ?? [])[0];
  return told?.trim() ? short(told.trim()) : null;
};

const wordsOf = (output: unknown): string | null => {
  if (typeof output === 'string') return output;
  if (typeof output !== 'object' || output === null) return null;
  const { message, error } = output as { message?: unknown; error?: unknown };
  return [message, error].find((each) => typeof each === 'string') ?? null;
};

const short = (text: string): string => text.slice(0, SUMMARY_LENGTH);
