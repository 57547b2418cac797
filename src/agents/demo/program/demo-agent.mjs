#!/usr/bin/env node
/**
 * The demo agent: plays its part in group chats and Auto Run without any model. It is one file with nothing
 * but Node behind it, because it is sent to hosts as the text of `node -e`. It speaks the stream-json of
 * Claude Code, reads its prompt from stdin and finds its part by the headings of `prompt-sections.ts`.
 * Lines of an ordinary prompt that begin with `%% ` are its stage directions: see SCRIPT.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { homedir, hostname } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const VERSION = '1.0.0 (Maestro demo agent)';
const WINDOW = 200_000;
const flags = process.argv.slice(1);
const flag = (name) => (flags.includes(name) ? flags[flags.indexOf(name) + 1] : undefined);
const readOnly = flag('--permission-mode') === 'plan';
const resumed = flag('--resume');
const sessionId = resumed ?? flag('--session-id') ?? randomUUID();
const stateFile = join(homedir(), '.maestro-demo', 'sessions', `${basename(sessionId)}.json`);
const paceMs = Number(process.env.MAESTRO_DEMO_PACE_MS ?? 300);
const startedAt = Date.now();

/** Says what ends a turn early, as the `result` event of the CLI it imitates. */
class Failed extends Error {
  constructor(result) {
    super(result.result ?? result.errors?.[0] ?? 'failed');
    this.result = result;
  }
}

// --- What goes out -----------------------------------------------------------------------------------

const emit = (event) =>
  new Promise((done) => {
    process.stdout.write(`${JSON.stringify({ ...event, session_id: sessionId })}\n`, () => done());
  });
// Who reads may go away; the work goes on, as with the real CLIs.
process.stdout.on('error', () => {});

const stream = (event) => emit({ type: 'stream_event', event, parent_tool_use_id: null });
const journal = (entry) => {
  if (!process.env.MAESTRO_DEMO_JOURNAL) return;
  const line = {
    at: new Date().toISOString(),
    pid: process.pid,
    turn: process.env.MAESTRO_RUN ?? null,
  };
  fs.appendFileSync(process.env.MAESTRO_DEMO_JOURNAL, `${JSON.stringify({ ...line, ...entry })}\n`);
};

let outputTokens = 0;
const tokens = (text) => Math.ceil(text.length / 4);
const usage = () => ({
  input_tokens: tokens(prompt),
  output_tokens: outputTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: tokens(JSON.stringify(state)),
});
const assistant = async (content, id = `msg_${randomUUID()}`) => {
  outputTokens += tokens(JSON.stringify(content));
  const message = { id, type: 'message', role: 'assistant', model: 'demo', content: [content] };
  await emit({
    type: 'assistant',
    message: { ...message, usage: usage() },
    parent_tool_use_id: null,
  });
};

/** Streams a text piece by piece, then as the whole message. */
const say = async (text, pieces = text.match(/(?:\S+\s*){1,6}|\s+/g) ?? [], pause = paceMs) => {
  const id = `msg_${randomUUID()}`;
  await stream({ type: 'message_start', message: { id, role: 'assistant', usage: usage() } });
  for (const piece of pieces) {
    if (pause > 0) await sleep(pause);
    await stream({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: piece },
    });
  }
  await assistant({ type: 'text', text }, id);
  await stream({ type: 'message_stop' });
  return text;
};

/** Does one thing and reports it as a tool call; what goes wrong in it is told as the tool's error. */
const tool = async (name, input, action) => {
  const id = `toolu_${randomUUID()}`;
  await assistant({ type: 'tool_use', id, name, input });
  if (paceMs > 0) await sleep(paceMs);
  const finish = (content, is_error) =>
    emit({
      type: 'user',
      message: {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: id, content, is_error }],
      },
      parent_tool_use_id: null,
    });
  try {
    const answer = action();
    await finish(String(answer ?? 'done'), false);
    return answer;
  } catch (error) {
    await finish(error.message, true);
    throw error;
  }
};

// --- What it can do ----------------------------------------------------------------------------------

const inProject = (path) => {
  const full = resolve(path);
  if (relative(process.cwd(), full).split(/[\\/]/)[0] === '..') {
    throw new Error(`${path} is outside of the project`);
  }
  return full;
};
const writing = (path) => {
  if (readOnly) throw new Error(`Cannot write to ${path} while in plan mode.`);
};
const writeFile = (path, text, how = fs.writeFileSync) =>
  tool('Write', { file_path: path, content: text }, () => {
    writing(path);
    const full = inProject(path);
    fs.mkdirSync(dirname(full), { recursive: true });
    how(full, text.replaceAll('\\n', '\n').replace(/\n?$/, '\n'));
    return `wrote ${path}`;
  });
const git = (...args) =>
  execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const commit = (message) =>
  tool('Bash', { command: `git add -A && git commit -m '${message}'` }, () => {
    writing('the repository');
    git('add', '-A');
    const author = ['-c', 'user.name=Maestro demo agent', '-c', 'user.email=demo@maestro.invalid'];
    git(...author, 'commit', '-q', '-m', message);
    return git('log', '-1', '--format=%h %s');
  });
const attempt = (action) => {
  try {
    return action();
  } catch {
    return null;
  }
};

// --- SCRIPT: what `%% ` lines mean -------------------------------------------------------------------

const SCRIPT = {
  sleep: (ms) => sleep(Number(ms)),
  say: (text) => say(text),
  write: (line) => {
    const [path, text = ''] = line.split(/ :: (.*)/s);
    return writeFile(path, text).catch(() => {});
  },
  spam: (n) => {
    const lines = Array.from({ length: Number(n) }, (_, index) => `line ${index + 1}\n`);
    return say(lines.join(''), lines, 0);
  },
  crash: (code) => process.exit(Number(code || 1)),
  hang: () => new Promise(() => setInterval(() => {}, 60_000)),
  fail: (status) => {
    if (!status) {
      throw new Failed({
        subtype: 'error_during_execution',
        errors: ['The demo agent was told to fail'],
      });
    }
    const result = `API Error: ${status} (the demo agent was told to fail)`;
    throw new Failed({ subtype: 'success', api_error_status: Number(status), result });
  },
};
const perform = async (text) => {
  const lines = [...text.matchAll(/^\s*%% (\w+) ?(.*)$/gm)].filter(([, verb]) => verb in SCRIPT);
  const said = [];
  for (const [, verb, rest] of lines) {
    const answer = await SCRIPT[verb](rest.trim());
    if (verb === 'say' || verb === 'spam') said.push(answer);
  }
  return (
    said.at(-1) ?? (lines.length > 0 ? `Done: ${lines.map(([, verb]) => verb).join(', ')}.` : null)
  );
};

// --- The parts it plays ------------------------------------------------------------------------------

const HEADING = '(?:[A-Z]+|ROUND \\d+ ANSWERS):';
const section = (heading) =>
  new RegExp(`^${heading}[ \\t]*\\n?((?:(?!^${HEADING}).*\\n?)*)`, 'm').exec(prompt)?.[1].trim();
const oneLine = (text, limit = 240) => text.replace(/\s+/g, ' ').trim().slice(0, limit);

/** Round 0 delegates to all, round 1 asks the first again, round 2 sums up what was said. */
const moderate = async () => {
  const question = oneLine(section('QUESTION') ?? prompt).replaceAll('@', '');
  const rounds = [...prompt.matchAll(/^ROUND (\d+) ANSWERS:/gm)].map(([, n]) => Number(n));
  const round = Math.max(0, ...rounds);
  const answers = round === 0 ? {} : { ...state.answers };
  for (const n of rounds) {
    const block = section(`ROUND ${n} ANSWERS`) ?? '';
    const said = block.matchAll(/^@([^\s:]+): ?((?:(?!^@[^\s:]+: ).*\n?)*)/gm);
    answers[n] = [...said].map(([, handle, text]) => ({ handle, text: oneLine(text) }));
  }
  Object.assign(state, { answers });
  const handles = [...prompt.matchAll(/^- @(\S+) \(/gm)].map(([, handle]) => handle);
  if (round === 0 && handles.length > 0) {
    const orders = handles.map(
      (handle) => `@${handle} please look into this in your project: ${question}`,
    );
    return say(`I will ask everybody what they see.\n${orders.join('\n')}`);
  }
  const first = answers[1]?.[0]?.handle ?? handles[0];
  if (round === 1) return say(`Thank you. @${first} which of your findings matters most?`);
  const all = Object.values(answers).flat();
  const quotes = all.map(({ handle, text }) => `- ${handle}: "${text.replaceAll('@', '')}"`);
  return say(
    `To sum up: ${question}\n${quotes.join('\n')}\nThat is everything the team has found.`,
  );
};

const participate = async () => {
  await perform(prompt);
  const names = await tool('Glob', { pattern: '*' }, () => fs.readdirSync('.').sort().join(' '));
  const files = names.split(' ').filter((name) => name !== '' && name !== '.git');
  const readme = attempt(() => fs.readFileSync('README.md', 'utf8').split('\n', 1)[0]);
  const last = attempt(() => git('log', '-1', '--format=%h %s'));
  const seen = files.slice(0, 8).join(', ') || 'nothing';
  const facts = [readme && `its README begins "${readme}"`, last && `its last commit is ${last}`];
  const more = facts.filter(Boolean).join(' and ') || 'it has neither a README nor a commit';
  return say(
    `On ${hostname()} the project ${basename(process.cwd())} has ${files.length} entries: ${seen}. ` +
      `As to the rest, ${more}.`,
  );
};

/** First open checkbox outside of code fences, with the place of its mark. */
const openTask = (text) => {
  let fenced = false;
  let at = 0;
  for (const line of text.split('\n')) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const box = fenced ? null : /^(\s*(?:[-*+]|\d+[.)])\s+\[) \]\s+(.*?)\s*$/.exec(line);
    if (box) return { text: box[2], mark: at + box[1].length };
    at += line.length + 1;
  }
  return null;
};

const DEEDS = [
  [/create `([^`]+)` with `([^`]*)`/gi, (path, text) => writeFile(path, text)],
  [/append `([^`]*)` to `([^`]+)`/gi, (text, path) => writeFile(path, text, fs.appendFileSync)],
  [/commit everything with message `([^`]+)`/gi, (message) => commit(message)],
];

const doTask = async () => {
  const document = resolve(documentPath);
  const before = await tool('Read', { file_path: documentPath }, () =>
    fs.readFileSync(document, 'utf8'),
  );
  const task = openTask(before);
  if (!task) return say('Nothing is left to do in this document.');
  await perform(task.text);
  await say(`Next: ${task.text}`);
  const deeds = DEEDS.flatMap(([pattern, act]) =>
    [...task.text.matchAll(pattern)].map((found) => ({
      at: found.index,
      act: () => act(...found.slice(1)),
    })),
  ).sort((a, b) => a.at - b.at);
  const slug =
    task.text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 40) || 'task';
  if (deeds.length === 0)
    deeds.push({ act: () => writeFile(`notes/${slug}.md`, `Done: ${task.text}`) });
  // Ticked before the last deed, so that a commit holds the ticked document too.
  const after = `${before.slice(0, task.mark)}x${before.slice(task.mark + 1)}`;
  try {
    for (const deed of deeds.slice(0, -1)) await deed.act();
    await tool(
      'Edit',
      { file_path: documentPath },
      () => (writing(documentPath), fs.writeFileSync(document, after)),
    );
    await deeds.at(-1).act();
  } catch (error) {
    if (!readOnly) fs.writeFileSync(document, before);
    return say(`I could not do "${task.text}": ${oneLine(error.message)}`);
  }
  return say(`Did: ${task.text}`);
};

const converse = async () => {
  const scripted = await perform(prompt);
  const turn = `This is message ${state.prompts.length} of our conversation`;
  return scripted ?? say(`You said "${oneLine(prompt, 120)}". ${turn}, and I am on ${hostname()}.`);
};

const PARTS = { moderator: moderate, participant: participate, task: doTask };

// --- One turn ----------------------------------------------------------------------------------------

const finish = async (result) => {
  const used = usage();
  const cost = (used.input_tokens + used.output_tokens * 5) / 1e6;
  await emit({
    type: 'result',
    is_error: result.subtype !== 'success' || result.api_error_status !== undefined,
    ...result,
    duration_ms: Date.now() - startedAt,
    num_turns: 1,
    total_cost_usd: cost,
    usage: used,
    modelUsage: {
      demo: { inputTokens: used.input_tokens, outputTokens: outputTokens, contextWindow: WINDOW },
    },
  });
};

const giveUp = (code, complaint) => {
  process.stderr.write(`${complaint}\n`);
  process.exit(code);
};

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    journal({ event: 'end', sessionId, signal });
    process.exit(code);
  });
}

if (flags.includes('--version')) {
  console.log(VERSION);
  process.exit(0);
}
const prompt = process.stdin.isTTY ? '' : fs.readFileSync(0, 'utf8');
if (prompt.trim() === '') giveUp(1, 'Error: Input must be provided through stdin');
const known = attempt(() => JSON.parse(fs.readFileSync(stateFile, 'utf8')));
if (known && !resumed) giveUp(1, `Error: Session ID ${sessionId} is already in use.`);
const state = known ?? { prompts: [] };
const role = /^ROLE:\s*(\w+)/m.exec(prompt)?.[1] ?? null;
const documentPath = /^DOCUMENT:\s*(.+?)\s*$/m.exec(prompt)?.[1] ?? null;
const task =
  role === 'task' && documentPath !== null
    ? attempt(() => openTask(fs.readFileSync(documentPath, 'utf8')))
    : null;

journal({
  event: 'start',
  ...{
    role,
    document: documentPath,
    task: task?.text ?? null,
    sessionId,
    resumed: resumed !== undefined,
  },
  ...{ cwd: process.cwd(), hostname: hostname() },
});
if (resumed && !known) {
  const complaint = `No conversation found with session ID: ${resumed}`;
  process.stderr.write(`${complaint}\n`);
  await finish({ subtype: 'error_during_execution', errors: [complaint] });
  process.exitCode = 1;
} else {
  const remember = () => {
    fs.mkdirSync(dirname(stateFile), { recursive: true, mode: 0o700 });
    fs.writeFileSync(stateFile, JSON.stringify(state), { mode: 0o600 });
  };
  state.prompts.push(oneLine(prompt));
  remember();
  await emit({
    type: 'system',
    subtype: 'init',
    cwd: process.cwd(),
    model: 'demo',
    permissionMode: readOnly ? 'plan' : 'bypassPermissions',
  });
  try {
    const part = role === 'task' && documentPath === null ? converse : (PARTS[role] ?? converse);
    await finish({ subtype: 'success', result: await part() });
  } catch (error) {
    process.exitCode = 1;
    await finish(
      error instanceof Failed
        ? error.result
        : { subtype: 'error_during_execution', errors: [error.message] },
    );
  }
  remember();
}
journal({ event: 'end', sessionId, exitCode: process.exitCode ?? 0 });
