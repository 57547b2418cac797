/** One checkbox of a document. */
export interface ChecklistTask {
  /** Counted from 1. */
  line: number;
  text: string;
  checked: boolean;
}

/** `<!-- maestro:halt[: reason] -->`: whoever finds it stops the run. */
export interface HaltMarker {
  line: number;
  reason: string | null;
}

/** `<!-- MAESTRO:HITL reason="..." -->` above the first open task: a person must look before it is done. */
export interface HumanGate {
  line: number;
  reason: string | null;
  /** The task that waits behind it. */
  task: string;
}

export interface Checklist {
  tasks: ChecklistTask[];
  done: number;
  open: number;
  halt: HaltMarker | null;
  gate: HumanGate | null;
}

/** Any indent, `-`, `*` or `+`, a box, text. What is in the box tells open (blank) from done. */
const TASK = /^\s*[-*+]\s*\[([^\]]*)\]\s*(\S.*)$/s;
const CHECKED_BOX = /^\s*[xX✓✔]\uFE0F?\s*$/u;
const FENCE = /^\s*(`{3,}|~{3,})(.*)$/s;
const INLINE_CODE = /`[^`]*`/g;

/**
 * Reads the checkboxes of a Markdown document. Every caller that counts, picks or compares tasks does it with this.
 * Numbered lists, quotes and fenced blocks hold no tasks; a fence that is never closed hides the rest.
 */
export const parseChecklist = (markdown: string): Checklist => {
  const tasks: ChecklistTask[] = [];
  let halt: HaltMarker | null = null;
  let marker: { line: number; reason: string | null } | null = null;
  let gate: HumanGate | null = null;
  for (const { text: content, number: line } of visibleLines(markdown)) {
    const task = toTask(content, line);
    if (task) {
      if (task.checked) marker = null;
      else if (marker && !tasks.some(({ checked }) => !checked))
        gate = { ...marker, task: task.text };
      tasks.push(task);
      continue;
    }
    for (const comment of comments(content)) {
      halt ??= toHalt(comment, line);
      marker = toGate(comment, line) ?? marker;
    }
  }
  const done = tasks.filter(({ checked }) => checked).length;
  return { tasks, done, open: tasks.length - done, halt, gate };
};

/** The same document with every task open again; everything else, line ends too, is kept byte for byte. */
export const resetChecklist = (markdown: string): string => {
  const pieces = markdown.split(LINE_END);
  for (const { text, number } of visibleLines(markdown)) {
    if (toTask(text, number)?.checked === true) {
      pieces[(number - 1) * 2] = text.replace(/\[[^\]]*\]/, '[ ]');
    }
  }
  return pieces.join('');
};

const LINE_END = /(\r\n|\r|\n)/;

interface Line {
  text: string;
  number: number;
}

/** The lines outside fenced blocks. */
function* visibleLines(markdown: string): Generator<Line> {
  let fence: string | null = null;
  const pieces = markdown.split(LINE_END);
  for (let index = 0; index < pieces.length; index += 2) {
    const text = pieces[index] ?? '';
    const [, run, rest = ''] = FENCE.exec(text) ?? [];
    if (fence !== null) {
      if (run !== undefined && closes(run, fence) && rest.trim() === '') fence = null;
    } else if (run !== undefined && !(run.startsWith('`') && rest.includes('`'))) {
      fence = run;
    } else {
      yield { text, number: index / 2 + 1 };
    }
  }
}

const closes = (run: string, fence: string): boolean =>
  run[0] === fence[0] && run.length >= fence.length;

const toTask = (content: string, line: number): ChecklistTask | null => {
  const [, box, text] = TASK.exec(content) ?? [];
  if (box === undefined || text === undefined) return null;
  const checked = CHECKED_BOX.test(box);
  return checked || box.trim() === '' ? { line, text: text.trim(), checked } : null;
};

function* comments(content: string): Generator<string> {
  const text = content.replaceAll(INLINE_CODE, '');
  for (let from = text.indexOf('<!--'); from >= 0;) {
    const to = text.indexOf('-->', from + 4);
    if (to < 0) return;
    yield text.slice(from + 4, to).trim();
    from = text.indexOf('<!--', to);
  }
}

const toHalt = (comment: string, line: number): HaltMarker | null => {
  const [found, reason = ''] = /^maestro:halt\s*(?::(.*))?$/is.exec(comment) ?? [];
  return found === undefined ? null : { line, reason: reason.trim() || null };
};

const toGate = (comment: string, line: number): Omit<HumanGate, 'task'> | null => {
  if (!/^maestro:hitl\b/i.test(comment)) return null;
  return { line, reason: /\breason\s*=\s*"([^"]*)"/i.exec(comment)?.[1]?.trim() || null };
};
