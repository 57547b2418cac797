import { type Fact } from '../adapter.js';
import { type Memory } from './memory.js';
import { type EventOf } from './stream-events.js';

type Told = { memory: Memory; facts: Fact[] };

const SUMMARY_LENGTH = 200;

/** What a tool works on, from the most to the least telling of the arguments that CLI's tools have. */
const TELLING = ['command', 'path', 'pattern', 'url', 'query', 'description', 'input', 'name'];

export const openTool = (memory: Memory, { data }: EventOf<'tool.execution_start'>): Told => {
  const { toolCallId: id, toolName: name, arguments: given } = data;
  const told = TELLING.map((key) => given?.[key]).find((value) => typeof value === 'string');
  const tool = { name, summary: told === undefined ? null : short(told) };
  return {
    memory: { ...memory, tools: { ...memory.tools, [id]: tool } },
    facts: [{ type: 'tool', id, phase: 'started', ...tool }],
  };
};

export const closeTool = (memory: Memory, { data }: EventOf<'tool.execution_complete'>): Told => {
  const { toolCallId: id, success, result, error, shellExecution } = data;
  const { [id]: tool, ...others } = memory.tools;
  if (tool === undefined) return { memory, facts: [] };
  // For the CLI it is a success to have run a command, however that has ended.
  const hasFailed = success !== true || (shellExecution?.exitCode ?? 0) !== 0;
  const reason = (error?.message ?? result?.content)?.trim();
  const fact: Fact = hasFailed
    ? { type: 'tool', id, phase: 'failed', name: tool.name, summary: short(reason ?? '') || null }
    : { type: 'tool', id, phase: 'completed', ...tool };
  return { memory: { ...memory, tools: others }, facts: [fact] };
};

const short = (text: string): string => text.slice(0, SUMMARY_LENGTH);
