import { type Fact } from '../adapter.js';
import { type Memory } from './memory.js';
import { type ContentBlock } from './stream-events.js';

type Told = { memory: Memory; facts: Fact[] };

const SUMMARY_LENGTH = 200;

/** What a tool works on, from the most to the least telling of the arguments that CLI's tools have. */
const TELLING = [
  'file_path',
  'notebook_path',
  'command',
  'pattern',
  'path',
  'url',
  'query',
  'description',
];

export const openTool = (memory: Memory, block: ContentBlock): Told => {
  const { type, id, name, input } = block;
  if (type !== 'tool_use' || !id || !name || memory.tools[id]) return { memory, facts: [] };
  const told = TELLING.map((key) => input?.[key]).find((value) => typeof value === 'string');
  const tool = { name, summary: told === undefined ? null : short(told) };
  return {
    memory: { ...memory, tools: { ...memory.tools, [id]: tool } },
    facts: [{ type: 'tool', id, phase: 'started', ...tool }],
  };
};

export const closeTool = (memory: Memory, block: ContentBlock): Told => {
  const id = block.tool_use_id;
  if (block.type !== 'tool_result' || !id) return { memory, facts: [] };
  const { [id]: tool, ...others } = memory.tools;
  if (tool === undefined) return { memory, facts: [] };
  const fact: Fact = block.is_error
    ? { type: 'tool', id, phase: 'failed', name: tool.name, summary: reason(block) ?? tool.summary }
    : { type: 'tool', id, phase: 'completed', ...tool };
  return { memory: { ...memory, tools: others }, facts: [fact] };
};

const reason = ({ content }: ContentBlock): string | null =>
  typeof content === 'string' && content !== '' ? short(content) : null;

const short = (text: string): string => text.slice(0, SUMMARY_LENGTH);
