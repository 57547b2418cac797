import { type Fact } from '../adapter.js';
import { type Memory } from './memory.js';
import { type StreamEvent } from './stream-events.js';

type Told = { memory: Memory; facts: Fact[] };

const SUMMARY_LENGTH = 200;

/** What a tool works on, from the most to the least telling of the arguments that its tools have. */
const TELLING = ['command', 'file_path', 'pattern', 'patterns', 'directory_path', 'url', 'query'];

/** A command that ends by a signal of its own is told to have failed with the exit code for that. */
const STRUCK = /^Command terminated by signal: SIGTERM\b/;

export const openTool = (
  memory: Memory,
  { id, toolName: name, parameters }: Extract<StreamEvent, { type: 'tool_call' }>,
): Told => {
  const told = [...TELLING, 'description'].map((key) => parameters?.[key]);
  const about = told.find((value) => typeof value === 'string');
  const tool = { name, summary: about?.slice(0, SUMMARY_LENGTH) ?? null };
  return {
    memory: { ...memory, tools: { ...memory.tools, [id]: tool }, isStruck: false },
    facts: [{ type: 'tool', id, phase: 'started', ...tool }],
  };
};

export const closeTool = (
  memory: Memory,
  { id, isError, error }: Extract<StreamEvent, { type: 'tool_result' }>,
): Told => {
  const { [id]: tool, ...tools } = memory.tools;
  const reason = error?.message?.replace(/^Error: /, '').trim() ?? '';
  // Others that ran beside it may tell their end after it.
  const isStruck = memory.isStruck || (isError === true && STRUCK.test(reason));
  const next = { ...memory, tools, isStruck };
  if (tool === undefined) return { memory: next, facts: [] };
  const fact: Fact = isError
    ? {
        ...{ type: 'tool', id, phase: 'failed', name: tool.name },
        summary: reason.slice(0, SUMMARY_LENGTH) || tool.summary,
      }
    : { type: 'tool', id, phase: 'completed', ...tool };
  return { memory: next, facts: [fact] };
};
