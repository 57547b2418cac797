import { type Fact } from '../adapter.js';
import { type Item } from './stream-events.js';

const SUMMARY_LENGTH = 200;

/** What a client sees of an item in which the agent does something; null for all others. */
export const toolFact = (item: Item, phase: 'started' | 'completed'): Fact | null => {
  const tool = toolOf(item);
  if (tool === null) return null;
  const failed = phase === 'completed' && (item.status === 'failed' || item.status === 'declined');
  const summary = (failed ? failure(item) : null) ?? tool.about ?? null;
  return {
    type: 'tool',
    id: item.id,
    name: tool.name,
    phase: failed ? 'failed' : phase,
    summary: summary?.slice(0, SUMMARY_LENGTH) ?? null,
  };
};

const toolOf = (item: Item): { name: string; about: string | null | undefined } | null => {
  switch (item.type) {
    case 'command_execution':
      return { name: 'shell', about: item.command };
    case 'file_change':
      return { name: 'apply_patch', about: item.changes?.map(({ path }) => path).join(', ') };
    case 'mcp_tool_call':
      return { name: [item.server, item.tool].filter(Boolean).join('.') || 'mcp', about: null };
    case 'collab_tool_call':
      return { name: item.tool ?? 'agent', about: null };
    case 'web_search':
      return { name: 'web_search', about: item.query };
    default:
      return null;
  }
};

const failure = ({ exit_code, aggregated_output, error }: Item): string | null => {
  if (exit_code != null) return `Exit code ${exit_code}: ${aggregated_output?.trim() ?? ''}`.trim();
  return error?.message ?? null;
};
