import { type ToolCall } from './model-api.js';

/** How one CLI calls the tools of a script, and their arguments. */
type Dialect = Record<ToolCall['name'], (input: Input) => Spoken>;
type Input = ToolCall['input'];
export interface Spoken {
  name: string;
  input: object;
}

const OPENCODE: Dialect = {
  Bash: (input) => ({ name: 'bash', input }),
  Read: ({ file_path: filePath }) => ({ name: 'read', input: { filePath } }),
  Write: ({ file_path: filePath, content }) => ({ name: 'write', input: { filePath, content } }),
  Edit: ({ file_path: filePath, old_string: oldString, new_string: newString }) => ({
    ...{ name: 'edit', input: { filePath, oldString, newString } },
  }),
};

const DROID: Dialect = {
  Bash: ({ command }) => ({
    name: 'Execute',
    input: {
      ...{ command, summary: 'A step of the script' },
      ...{ riskLevelReason: 'It is a step of the script', riskLevel: 'low' },
    },
  }),
  Read: ({ file_path }) => ({ name: 'Read', input: { file_path } }),
  Write: ({ file_path, content }) => ({ name: 'Create', input: { file_path, content } }),
  Edit: ({ file_path, old_string: old_str, new_string: new_str }) => ({
    ...{ name: 'Edit', input: { file_path, old_str, new_str } },
  }),
};

const COPILOT: Dialect = {
  Bash: (input) => ({ name: 'bash', input }),
  Read: ({ file_path: path }) => ({ name: 'view', input: { path } }),
  Write: ({ file_path: path, content: file_text }) => ({
    ...{ name: 'create', input: { path, file_text } },
  }),
  Edit: ({ file_path: path, old_string: old_str, new_string: new_str }) => ({
    ...{ name: 'edit', input: { path, old_str, new_str } },
  }),
};

const QWEN: Dialect = {
  Bash: (input) => ({ name: 'run_shell_command', input: { ...input, is_background: false } }),
  Read: ({ file_path }) => ({ name: 'read_file', input: { file_path } }),
  Write: ({ file_path, content }) => ({ name: 'write_file', input: { file_path, content } }),
  Edit: (input) => ({ name: 'edit', input }),
};

const DIALECTS: readonly Dialect[] = [OPENCODE, DROID, COPILOT, QWEN];

/**
 * A call in the words of the CLI that asks, which is known by the tools that it offers. A tool that it withholds is
 * called all the same: a model may do that.
 */
export const spokenBy = (call: ToolCall, offered: readonly string[]): Spoken => {
  if (call.own !== undefined) return { name: call.own, input: call.input };
  const familiar = (dialect: Dialect): number =>
    Object.values(dialect).filter((tool) => offered.includes(tool({}).name)).length;
  const [dialect = OPENCODE] = DIALECTS.toSorted((one, other) => familiar(other) - familiar(one));
  return dialect[call.name](call.input);
};
