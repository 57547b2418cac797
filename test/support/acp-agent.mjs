#!/usr/bin/env node
/**
 * A small agent of the Agent Client Protocol, for turns whose course a test decides. Steps of a prompt, one a line:
 *
 *     %% say TEXT       %% write FILE (asks first)      %% wait FILE (until it is there, as a tool)
 *     %% report         how often this conversation was asked, and how many images came this time
 *
 * With `--stays` it does not end when it has read the end of its input.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const store = join(process.env.HOME, 'acp-sessions');
mkdirSync(store, { recursive: true });
const asked = new Map();
let requests = 0;

const say = (message) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const update = (sessionId, what) =>
  say({ method: 'session/update', params: { sessionId, update: what } });
const text = (sessionId, kind, words) =>
  update(sessionId, { sessionUpdate: kind, content: { type: 'text', text: words } });
const fileOf = (sessionId) => join(store, sessionId);

const ask = (method, params) =>
  new Promise((resolve) => {
    const id = `ask-${++requests}`;
    asked.set(id, resolve);
    say({ id, method, params });
  });

const STEPS = {
  say: (sessionId, words) => text(sessionId, 'agent_message_chunk', words),
  report: (sessionId, _, { prompt }) => {
    const turns = JSON.parse(readFileSync(fileOf(sessionId), 'utf8')).length;
    const images = prompt.filter(({ type }) => type === 'image').length;
    text(sessionId, 'agent_message_chunk', `turns=${turns} images=${images}`);
  },
  write: async (sessionId, file) => {
    const toolCall = { toolCallId: `write-${++requests}`, title: file, kind: 'edit' };
    const options = ['allow_once', 'reject_once'].map((kind) => ({
      optionId: kind,
      name: kind,
      kind,
    }));
    const { outcome } = await ask('session/request_permission', { sessionId, toolCall, options });
    const status = outcome.optionId === 'allow_once' ? 'completed' : 'failed';
    if (status === 'completed') writeFileSync(file, 'written\n');
    update(sessionId, { sessionUpdate: 'tool_call_update', ...toolCall, status });
  },
  wait: async (sessionId, file) => {
    const toolCall = { toolCallId: `wait-${++requests}`, title: file, kind: 'execute' };
    update(sessionId, { sessionUpdate: 'tool_call', ...toolCall, status: 'in_progress' });
    while (!existsSync(file)) await pause(20);
    update(sessionId, { sessionUpdate: 'tool_call_update', ...toolCall, status: 'completed' });
  },
};

const METHODS = {
  initialize: () => ({
    protocolVersion: 1,
    agentCapabilities: { loadSession: true, promptCapabilities: { image: true } },
    agentInfo: { name: 'small', title: 'Small Agent', version: '1' },
    authMethods: [],
  }),
  'session/new': () => {
    const sessionId = crypto.randomUUID();
    writeFileSync(fileOf(sessionId), '[]');
    return { sessionId };
  },
  'session/load': ({ sessionId }) => {
    for (const prompt of JSON.parse(readFileSync(fileOf(sessionId), 'utf8'))) {
      text(sessionId, 'user_message_chunk', prompt);
      text(sessionId, 'agent_message_chunk', 'as answered before');
    }
    return {};
  },
  'session/prompt': async ({ sessionId, prompt }) => {
    const script = prompt.map((block) => block.text ?? '').join('\n');
    const before = JSON.parse(readFileSync(fileOf(sessionId), 'utf8'));
    writeFileSync(fileOf(sessionId), JSON.stringify([...before, script]));
    for (const [, verb, rest] of script.matchAll(/^%% (\w+) ?(.*)$/gm)) {
      await STEPS[verb](sessionId, rest, { prompt });
    }
    return { stopReason: 'end_turn' };
  },
};

const answer = async ({ id, method, params, result }) => {
  if (method === undefined) return asked.get(id)?.(result);
  try {
    if (!METHODS[method]) throw Object.assign(new Error('Method not found'), { code: -32601 });
    say({ id, result: await METHODS[method](params) });
  } catch (error) {
    const code = error.code === 'ENOENT' ? -32002 : (error.code ?? -32603);
    say({ id, error: { code, message: error.message } });
  }
};

const input = createInterface({ input: process.stdin });
input.on('line', (line) => void answer(JSON.parse(line)));
input.on('close', () => {
  if (process.argv.includes('--stays')) setInterval(() => undefined, 60_000);
  else process.exit(0);
});
