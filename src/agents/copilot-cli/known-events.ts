/** Events that say nothing to whoever reads along: an event that is neither read nor named here is unknown. */
const MEANINGLESS = new Set([
  ...['agent.interrupted', 'assistant.idle', 'assistant.tool_call_delta'],
  ...['model.call_failure', 'model.call_final_result'],
  ...['session.background_tasks_changed', 'session.info', 'session.mcp_server_status_changed'],
  ...['session.mcp_server_tools_loaded', 'session.mcp_servers_loaded', 'session.skills_loaded'],
  ...['session.mode_notice_delivered', 'session.tools_updated', 'session.warning'],
  ...['subagent.completed', 'subagent.configured', 'subagent.failed', 'subagent.started'],
  ...['tool.execution_partial_result', 'tool.execution_progress', 'tool.shell_output'],
]);

export const isMeaningless = (type: string): boolean => MEANINGLESS.has(type);
