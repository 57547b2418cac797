import { documentSection, roleSection } from '../../../agents/index.js';

export interface TaskPrompt {
  /** Absolute on the host of the turn. */
  documentPath: string;
  loop: number;
  at: Date;
  /** What the playbook's author adds. */
  instructions: string | null;
}

/** What an agent is told for one task. It reads the document itself, and ticks the box itself. */
export const taskPrompt = (prompt: TaskPrompt): string =>
  [
    roleSection('task'),
    'You are working through a Markdown document with tasks, one task a turn. Read the document named below and do its first unchecked task, and only that one.',
    'When it is done and you have checked your work, tick its box in the document: change `[ ]` to `[x]` and nothing else in that line. If it can not be done, leave the box as it is and say why.',
    'Commit only if the task or the instructions ask for it.',
    'Begin your answer with one sentence that says what you did. Then stop: the next task is another turn.',
    documentSection(prompt.documentPath),
    ...(prompt.instructions === null
      ? []
      : [`INSTRUCTIONS:\n${indented(expandVariables(prompt.instructions, prompt))}`]),
  ].join('\n\n');

/** Replaces `{{NAME}}`, whatever its case, once: values are not looked through again, unknown names stay. */
export const expandVariables = (
  template: string,
  { documentPath, loop, at }: Omit<TaskPrompt, 'instructions'>,
): string => {
  const values = new Map([
    ['DOCUMENT_PATH', documentPath],
    ['LOOP_NUMBER', String(loop).padStart(5, '0')],
    ['DATE', at.toISOString().slice(0, 10)],
  ]);
  return template.replaceAll(
    /\{\{([A-Za-z_]+)\}\}/g,
    (whole, name: string) => values.get(name.toUpperCase()) ?? whole,
  );
};

/** Nothing in the author's text can then pass for a heading of ours. */
const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');
