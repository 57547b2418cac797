import { type Fact } from '../adapter.js';
import { type Memory } from './memory.js';
import { type StreamEvent } from './stream-events.js';

type Told = { memory: Memory; facts: Fact[] };

const SUMMARY_LENGTH = 200;

/** What a tool works on, from the most to the least telling of the arguments that CLI's tools have. */
const TELLING = ['command', 'file_path', 'pattern', 'dir_path', 'query', 'prompt', 'description'];

export const openTool = (
  memory: Memory,
  { tool_id: id, tool_name: name, parameters }: Extract<StreamEvent, { type: 'tool_use' }>,
): Told => {
  const told = TELLING.map((key) => parameters?.[key]).find((value) => typeof value === 'string');
  const tool = { name, summary: told === undefined ? null : short(told) };
  return {
    memory: { ...memory, tools: { ...memory.tools, [id]: tool } },
    facts: [{ type: 'tool', id, phase: 'started', ...tool }],
  };
};

export const closeTool = (
  memory: Memory,
  event: Extract<StreamEvent, { type: 'tool_result' }>,
): Told => {
  const { tool_id: id, output } = event;
  const { [id]: tool, ...others } = memory.tools;
  if (tool === undefined) return { memory, facts: [] };
  // For the CLI it is a success to have run a command, however that has ended.
  const hasFailed = event.status === 'error' || BAD_EXIT.test(output ?? '');
  const reason = (event.error?.message ?? output)?.trim();
  const fact: Fact = hasFailed
    ? { type: 'tool', id, phase: 'failed', name: tool.name, summary: short(reason ?? '') || null }
    : { type: 'tool', id, phase: 'completed', ...tool };
  return { memory: { ...memory, tools: others }, facts: [fact] };
};

const BAD_EXIT = /^Command exited with code: [1-9]\d*$/;

const short = (text: string): string => text.slice(0, SUMMARY_LENGTH);
