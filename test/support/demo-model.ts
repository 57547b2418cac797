import {
  type Block,
  type Model,
  type ModelRequest,
  type Reply,
  type ToolCall,
} from './model-api.js';

/**
 * Acts on the prompts of the engines by simple rules, as far as the tasks of the demo go. A moderator asks everybody,
 * then one of them again, then answers. A participant looks at its project. A task is to create or append to a file,
 * and to commit.
 */
export const demoModel: Model = (asked) => {
  const at = asked.messages.findLastIndex((message) => promptOf(message) !== null);
  const prompt = promptOf(asked.messages[at]) ?? '';
  const results = asked.messages.slice(at + 1).flatMap(({ content }) => content.flatMap(resultOf));
  return { does: nextOf(prompt, results, asked), pieces: 6, pauseMs: 60 };
};

/**
 * The prompt of a turn, among all that the CLI says itself: Copilot CLI before it, in its line too where it plans, and Gemini
 * CLI escapes at signs in it.
 */
const promptOf = (message: ModelRequest['messages'][number] | undefined): string | null => {
  if (message?.role !== 'user') return null;
  const [prompt] = message.content.flatMap(
    ({ text }) => /(?<=^(?:\[\[PLAN\]\] )?)ROLE: .*/ms.exec(text ?? '') ?? [],
  );
  return prompt?.replaceAll('\\@', '@') ?? null;
};

const resultOf = ({ type, content }: Block): string[] =>
  type === 'tool_result' ? [typeof content === 'string' ? content : JSON.stringify(content)] : [];

const nextOf = (prompt: string, results: string[], asked: ModelRequest): Reply['does'] => {
  const role = /^ROLE: (\w+)/.exec(prompt)?.[1];
  if (role === 'moderator') return { say: moderated(prompt) };
  if (role === 'participant') return participated(results);
  if (role === 'task') return worked(prompt, results);
  return { say: `There is no role among ${asked.messages.length} messages.` };
};

const moderated = (prompt: string): string => {
  const handles = [...prompt.matchAll(/^- (@\S+) \(/gm)].map(([, handle]) => handle);
  const rounds = prompt.match(/^ROUND \d+ ANSWERS:$/gm)?.length ?? 0;
  if (rounds === 0) return `${handles.join(' and ')}: what was done last in your project?`;
  if (rounds === 1) return `${handles[0] ?? ''}: is that all?`;
  const answers = prompt.slice(prompt.indexOf('ROUND 1 ANSWERS:')).matchAll(/^@(\S+): (.*)$/gm);
  return `They said:\n${[...answers].map(([, name, text]) => `- ${name}: ${text}`).join('\n')}`;
};

const participated = ([last]: string[]): Reply['does'] =>
  last === undefined
    ? shell('git log -1 --format=%s', 'Look at the last commit')
    : { say: `The last commit is "${printed(last)}".` };

/** The one line that a command has printed, among what CLIs put around it. */
const printed = (result: string): string =>
  (/^Output: (.*)$/m.exec(result)?.[1] ?? result.trim().split('\n')[0] ?? '').trim();

/** Everything follows from the document as it was read first; as many steps are done as tools have answered. */
const worked = (prompt: string, results: string[]): Reply['does'] => {
  const document = /^DOCUMENT: (.*)$/m.exec(prompt)?.[1] ?? '';
  const read: ToolCall = { name: 'Read', input: { file_path: document } };
  const [first] = results;
  if (first === undefined) return read;
  // The tool of Gemini CLI reads nothing that git ignores.
  const isHidden = / is ignored by configured ignore patterns/.test(first);
  const [text, ...done] = isHidden ? results.slice(1) : results;
  if (text === undefined) return shell(`cat '${document}'`, 'Read the document');
  const task = /- \[ \] (.*)/.exec(text)?.[1];
  if (task === undefined) return { say: 'Nothing is left to do.' };
  const tick: ToolCall = {
    name: 'Edit',
    input: { file_path: document, old_string: `- [ ] ${task}`, new_string: `- [x] ${task}` },
  };
  const [doing, committing] = [stepsOf(task, document), commitOf(task)];
  return [...doing, tick, ...committing][done.length] ?? { say: `Done: ${task}` };
};

const stepsOf = (task: string, document: string): ToolCall[] => {
  const [, path = '', content = ''] = /^create `(.*?)` with `(.*?)`/i.exec(task) ?? [];
  const project = document.slice(0, document.indexOf('/.maestro/'));
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const write: ToolCall = { name: 'Write', input: { file_path: `${project}/${path}`, content } };
  // Not every CLI makes the folders of a file.
  if (folder) return [shell(`mkdir -p '${project}/${folder}'`, 'Make the folder'), write];
  if (path) return [write];
  const [, addition = '', target = ''] = /^append `(.*?)` to `(.*?)`/i.exec(task) ?? [];
  if (target) return [shell(`printf '%b\\n' '${addition}' >> '${target}'`, 'Append to the file')];
  return [];
};

const commitOf = (task: string): ToolCall[] => {
  const message = /commit everything with message `(.*?)`/i.exec(task)?.[1];
  return message === undefined
    ? []
    : [shell(`git add -A && git commit -qm '${message}'`, 'Commit')];
};

const shell = (command: string, description: string): ToolCall => ({
  name: 'Bash',
  input: { command, description },
});
