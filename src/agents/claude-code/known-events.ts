/**
 * Events of all recorded versions that say nothing to whoever reads along: notices to the editors and terminals that the
 * CLI may run in, and answers of its control protocol. An event that is neither read nor named here is unknown.
 */
const MEANINGLESS = new Set([
  ...['auth_status', 'control_cancel_request', 'control_request', 'control_response'],
  ...['keep_alive', 'prompt_suggestion', 'tool_progress', 'tool_use_summary', 'transcript_mirror'],
]);

/** Subtypes of the event `system`. */
const NOTICES = new Set([
  ...['agents_killed', 'api_error', 'api_retry', 'away_summary', 'background_tasks_changed'],
  ...['commands_changed', 'compact_boundary', 'elicitation_complete', 'file_snapshot'],
  ...['files_persisted', 'hook_progress', 'hook_response', 'hook_started', 'informational'],
  ...['init', 'local_command', 'local_command_output', 'memory_recall', 'memory_saved'],
  ...['microcompact_boundary', 'mirror_error', 'model_consent_fallback', 'model_fallback'],
  ...['model_refusal_fallback', 'model_refusal_no_fallback', 'notification', 'permission_denied'],
  ...['permission_retry', 'plugin_install', 'post_turn_summary', 'scheduled_task_fire'],
  ...['session_metadata', 'session_state_changed', 'session_title_changed', 'session_writes_lost'],
  ...['shell_cwd', 'status', 'stop_hook_summary', 'task_notification', 'task_progress'],
  ...['task_started', 'task_summary', 'task_updated', 'thinking', 'thinking_tokens'],
  ...['turn_began_before_init', 'turn_duration', 'turn_starting', 'vcs_state_changed'],
  'worker_shutting_down',
]);

export const isMeaningless = (type: string): boolean => MEANINGLESS.has(type);

export const isNotice = (subtype: string): boolean =>
  NOTICES.has(subtype) || subtype.startsWith('ui_');
