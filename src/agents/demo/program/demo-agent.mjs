#!/usr/bin/env node
/**
 * The demo agent: plays its part in group chats and Auto Run without any model. One file with nothing but Node
 * behind it, because it is sent to hosts as the text of `node -e`. It speaks Claude Code's stream-json, reads its
 * prompt from stdin and finds its part by the headings of `prompt-sections.ts`.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { homedir, hostname } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const flags = process.argv.slice(1);
const flag = (name) => (flags.includes(name) ? flags[flags.indexOf(name) + 1] : undefined);
const readOnly = flag('--permission-mode') === 'plan';
const resumed = flag('--resume');
const sessionId = resumed ?? flag('--session-id') ?? randomUUID();
const stateFile = join(homedir(), '.maestro-demo', 'sessions', `${basename(sessionId)}.json`);
const { MAESTRO_DEMO_PACE_MS = '300', MAESTRO_DEMO_JOURNAL, MAESTRO_RUN } = process.env;
const paceMs = Number(MAESTRO_DEMO_PACE_MS);
const attempt = (action) => {
  try {
    return action();
  } catch {
    return null;
  }
};
const oneLine = (text, limit = 240) => text.replace(/\s+/g, ' ').trim().slice(0, limit);
const journal = (entry) => {
  if (!MAESTRO_DEMO_JOURNAL) return;
  const known = { at: new Date().toISOString(), pid: process.pid, turn: MAESTRO_RUN ?? null };
  fs.appendFileSync(MAESTRO_DEMO_JOURNAL, `${JSON.stringify({ ...known, ...entry, sessionId })}\n`);
};

// Who reads may go away; the work goes on, as with the real CLIs.
process.stdout.on('error', () => {});
const emit = (type, fields) => {
  const line = JSON.stringify({ type, ...fields, session_id: sessionId });
  return new Promise((written) => process.stdout.write(`${line}\n`, () => written()));
};
const stream = (type, fields) => emit('stream_event', { event: { type, ...fields } });
let outputTokens = 0;
const usage = () => ({
  input_tokens: Math.ceil(prompt.length / 4),
  output_tokens: outputTokens,
  cache_read_input_tokens: Math.ceil(JSON.stringify(state).length / 4),
});
const assistant = (block, id = `msg_${randomUUID()}`) => {
  outputTokens += Math.ceil(JSON.stringify(block).length / 4);
  const message = { id, role: 'assistant', model: 'demo', content: [block], usage: usage() };
  return emit('assistant', { message });
};

/** Streams a text piece by piece, then gives it whole. */
const say = async (text, pieces = text.match(/(?:\S+\s*){1,6}|\s+/g) ?? [], pauseMs = paceMs) => {
  const id = `msg_${randomUUID()}`;
  await stream('message_start', { message: { id } });
  for (const piece of pieces) {
    if (pauseMs > 0) await sleep(pauseMs);
    await stream('content_block_delta', { index: 0, delta: { type: 'text_delta', text: piece } });
  }
  await assistant({ type: 'text', text }, id);
  await stream('message_stop');
  return text;
};

/** Does one thing and reports it as a tool call; what goes wrong in it is told as the tool's error. */
const tool = async (name, input, action) => {
  const id = `toolu_${randomUUID()}`;
  await assistant({ type: 'tool_use', id, name, input });
  if (paceMs > 0) await sleep(paceMs);
  const finish = (content, is_error) => {
    const block = { type: 'tool_result', tool_use_id: id, content, is_error };
    return emit('user', { message: { role: 'user', content: [block] } });
  };
  try {
    const answer = action();
    await finish(answer, false);
    return answer;
  } catch (error) {
    await finish(error.message, true);
    throw error;
  }
};

const mayWrite = (path) => {
  if (readOnly) throw new Error(`Cannot write to ${path} while in plan mode.`);
  const outside = relative(process.cwd(), resolve(path)).split(/[\\/]/)[0] === '..';
  if (outside) throw new Error(`${path} is outside of the project.`);
};
const writeFile = (path, text = '', write = fs.writeFileSync) =>
  tool('Write', { file_path: path, content: text }, () => {
    mayWrite(path);
    fs.mkdirSync(dirname(resolve(path)), { recursive: true });
    write(path, text.replaceAll('\\n', '\n').replace(/\n?$/, '\n'));
    return `Wrote ${path}`;
  });

const git = (...args) =>
  execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const AUTHOR = ['-c', 'user.name=Maestro demo agent', '-c', 'user.email=demo@maestro.invalid'];
const commit = (message) =>
  tool('Bash', { command: `git add -A && git commit -m '${message}'` }, () => {
    mayWrite('.');
    git('add', '-A');
    if (git('status', '--porcelain') === '') return 'Nothing to commit';
    git(...AUTHOR, 'commit', '-q', '-m', message);
    return git('log', '-1', '--format=%h %s');
  });

/** Stage directions for tests: what a line `%% verb argument` of the prompt makes it do. */
const SCRIPT = {
  sleep: (ms) => sleep(Number(ms)),
  say: (text) => say(text),
  write: async (line) => {
    await writeFile(...line.split(/ :: (.*)/s, 2)).catch(() => {});
  },
  spam: (n) => {
    const lines = Array.from({ length: Number(n) }, (_, index) => `line ${index + 1}\n`);
    return say(lines.join(''), lines, 0);
  },
  hang: () => new Promise(() => setInterval(() => {}, 60_000)),
  crash: (code) => process.exit(Number(code || 1)),
  fail: (status) => {
    const result = 'The demo agent was told to fail';
    const fields = { subtype: 'success', api_error_status: Number(status), result };
    throw Object.assign(new Error(result), status && { result: fields });
  },
};
/** Follows the script in a text; the last thing it made it say, or null when there is no script. */
const perform = async (text) => {
  const script = [...text.matchAll(/^\s*%% (\w+) ?(.*)$/gm)].filter(([, verb]) => SCRIPT[verb]);
  let said = script.length > 0 ? `Done: ${script.map(([, verb]) => verb).join(', ')}` : null;
  for (const [, verb, rest] of script) said = (await SCRIPT[verb](rest.trim())) ?? said;
  return said;
};

/** The text below a heading, up to the next heading. */
const section = (heading) => {
  const next = '^(?:[A-Z]+|ROUND \\d+ ANSWERS):';
  return new RegExp(`^${heading}:[ \\t]*\\n?((?:(?!${next}).*\\n?)*)`, 'm')
    .exec(prompt)?.[1]
    .trim();
};

/** Delegates to everybody, asks the first one again after round 1, sums up after round 2. */
const moderate = async () => {
  const question = oneLine(section('QUESTION') ?? '').replaceAll('@', '');
  const rounds = [...prompt.matchAll(/^ROUND (\d+) ANSWERS:/gm)].map(([, round]) => Number(round));
  const round = Math.max(0, ...rounds);
  state.answers = round === 0 ? {} : { ...state.answers };
  for (const each of rounds) {
    const said = section(`ROUND ${each} ANSWERS`).matchAll(/^@([^\s:]+): ?(.*(?:\n(?!@).*)*)/gm);
    state.answers[each] = [...said].map(([, handle, text]) => ({ handle, text: oneLine(text) }));
  }
  const handles = [...prompt.matchAll(/^- @(\S+) \(/gm)].map(([, handle]) => handle);
  if (round === 0 && handles.length > 0) {
    const orders = handles.map((handle) => `@${handle} please look into your project: ${question}`);
    return say(`I will ask everybody what they see.\n${orders.join('\n')}`);
  }
  const first = state.answers[1]?.[0]?.handle ?? handles[0];
  if (round === 1) return say(`Thank you. @${first} please say which finding matters most.`);
  const answers = Object.values(state.answers).flat();
  const quotes = answers.map(({ handle, text }) => `- ${handle}: "${text.replaceAll('@', '')}"`);
  return say(`To sum up: ${question}\n${quotes.join('\n')}\nThat is what the team has found.`);
};

const participate = async () => {
  await perform(prompt);
  const listing = await tool('Glob', { pattern: '*' }, () => fs.readdirSync('.').sort().join('\n'));
  const files = listing.split('\n').filter((name) => name !== '' && name !== '.git');
  const readme = attempt(() => fs.readFileSync('README.md', 'utf8').split('\n', 1)[0]);
  const last = attempt(() => git('log', '-1', '--format=%h %s'));
  const facts = [readme && `its README begins "${readme}"`, last && `its last commit is ${last}`];
  const known = facts.filter(Boolean).join(' and ') || 'it has neither a README nor a commit';
  const seen = files.slice(0, 8).join(', ') || 'nothing';
  const project = `the project ${basename(process.cwd())} has ${files.length} entries: ${seen}`;
  return say(`On ${hostname()} ${project}. As to the rest, ${known}.`);
};

/** The first open checkbox outside of code fences, and where its mark is. */
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
const deedsOf = (text) => {
  const found = DEEDS.flatMap(([pattern, act]) =>
    [...text.matchAll(pattern)].map(({ index, 1: a, 2: b }) => ({ index, act: () => act(a, b) })),
  );
  const note = `notes/${text.slice(0, 40).replace(/\W+/g, '-')}.md`;
  if (found.length === 0) return [() => writeFile(note, `Done: ${text}`)];
  return found.sort((a, b) => a.index - b.index).map(({ act }) => act);
};

const doTask = async () => {
  const read = () => fs.readFileSync(documentPath, 'utf8');
  const task = openTask(await tool('Read', { file_path: documentPath }, read));
  if (!task) return say('Nothing is left to do in this document.');
  await perform(task.text);
  await say(`Next: ${task.text}`);
  const setMark = (mark) => {
    if (readOnly) throw new Error(`Cannot write to ${documentPath} while in plan mode.`);
    const text = read();
    fs.writeFileSync(documentPath, text.slice(0, task.mark) + mark + text.slice(task.mark + 1));
    return 'Ticked';
  };
  const deeds = deedsOf(task.text);
  try {
    for (const deed of deeds.slice(0, -1)) await deed();
    // Ticked before the last deed, so that a commit holds the ticked document too.
    await tool('Edit', { file_path: documentPath }, () => setMark('x'));
    await deeds.at(-1)();
  } catch (error) {
    attempt(() => setMark(' '));
    return say(`I could not do "${task.text}": ${oneLine(error.message)}`);
  }
  return say(`Did: ${task.text}`);
};

const converse = async () => {
  const sizes = blocks.flatMap(({ source }) => (source ? atob(source.data).length : []));
  const shown = sizes.map((size) => `, with an image of ${size} bytes`).join('');
  const told = `You said "${oneLine(prompt, 120)}"${shown}, message ${state.prompts.length}`;
  return (await perform(prompt)) ?? say(`${told} of our talk. I am on ${hostname()}.`);
};

const finish = (result) => {
  const used = usage();
  return emit('result', {
    is_error: result.subtype !== 'success' || result.api_error_status !== undefined,
    ...result,
    total_cost_usd: (used.input_tokens + used.output_tokens * 5) / 1e6,
    usage: used,
    modelUsage: { demo: { contextWindow: 200_000 } },
  });
};

for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => {
    journal({ event: 'end', signal });
    process.exit(code);
  });
}
if (flags.includes('--version')) {
  console.log('1.0.0 (Maestro demo agent)');
  process.exit(0);
}

const input = process.stdin.isTTY ? '' : fs.readFileSync(0, 'utf8');
const blocks = flag('--input-format') ? JSON.parse(input).message.content : [{ text: input }];
const given = blocks.map(({ text = '' }) => text).join('');
const prompt = given.replace(/^CONVERSATION SO FAR:[^]*?^REQUEST:\n/m, '');
const earlier = attempt(() => JSON.parse(fs.readFileSync(stateFile, 'utf8')));
const state = earlier ?? { prompts: [] };
const role = /^ROLE:\s*(\w+)/m.exec(prompt)?.[1] ?? null;
const documentPath = /^DOCUMENT:\s*(.+?)\s*$/m.exec(prompt)?.[1] ?? null;
const task = attempt(() => openTask(fs.readFileSync(documentPath, 'utf8')).text);
const asked = { role, document: documentPath, task, resumed: resumed !== undefined };
journal({ event: 'start', ...asked, cwd: process.cwd(), hostname: hostname() });

const remember = () => {
  fs.mkdirSync(dirname(stateFile), { recursive: true, mode: 0o700 });
  fs.writeFileSync(stateFile, JSON.stringify(state), { mode: 0o600 });
};
const PARTS = { moderator: moderate, participant: participate, task: documentPath && doTask };
const play = async () => {
  const complaint =
    (prompt.trim() === '' && 'Error: Input must be provided through stdin') ||
    (earlier && !resumed && `Error: Session ID ${sessionId} is already in use.`) ||
    (resumed && !earlier && `No conversation found with session ID: ${resumed}`);
  if (complaint) throw new Error(complaint);
  state.prompts.push(oneLine(prompt));
  remember();
  await emit('system', { subtype: 'init', cwd: process.cwd(), model: 'demo' });
  const answer = await (PARTS[role] || converse)();
  remember();
  return answer;
};
try {
  await finish({ subtype: 'success', result: await play() });
} catch (error) {
  process.exitCode = 1;
  await finish(error.result ?? { subtype: 'error_during_execution', errors: [error.message] });
}
journal({ event: 'end', exitCode: process.exitCode ?? 0 });
