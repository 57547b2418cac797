/**
 * The whole way of a turn: POST accepted to the first event of a trivial agent on a remote, beside the same command by a
 * fresh `ssh` process with its script on standard input. Interleaved, in one run, at several added round-trip times.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { comparison } from './comparison.mjs';
import { onLoopback } from './loopback.mjs';
import { inRounds, secondsAt, untilWarm } from './rounds.mjs';

const TOKEN = 'mst_only-for-the-benchmark-0123456789';

/** Speaks just enough of Claude Code's stream-json; costs a process and nothing more. */
const TRIVIAL_AGENT = `#!/bin/sh
printf '%s\\n' '{"type":"system","subtype":"init","session_id":"s"}' \\
  '{"type":"assistant","message":{"id":"m","content":[{"type":"text","text":"hello"}]},"session_id":"s"}' \\
  '{"type":"result","subtype":"success","is_error":false,"result":"hello","session_id":"s","usage":{}}'
`;

export const dispatch = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'maestro-bench-data-'));
  const server = await startServer(dataDir);
  try {
    return await onLoopback((bench) => measure(server, bench));
  } finally {
    server.child.kill('SIGTERM');
    await once(server.child, 'exit');
    await rm(dataDir, { recursive: true, force: true });
  }
};

const measure = async (server, { dir, port, peers, roundTripMs, sshd }) => {
  const agent = join(dir, 'agent.sh');
  await writeFile(agent, TRIVIAL_AGENT, { mode: 0o755 });
  const remote = await server.post('/remotes', {
    name: `box-${roundTripMs}`,
    host: '127.0.0.1',
    port,
    username: sshd.username,
    privateKeyPath: sshd.clientKeyPath,
  });
  const session = await server.post('/sessions', {
    name: `trivial-${roundTripMs}`,
    agent: 'claude-code',
    command: agent,
    remoteId: remote.id,
    cwd: dir,
  });
  const watch = await watchSession(server, session.id);
  await oneTurn(server, session.id, watch);
  const ended = [];
  const samples = await inRounds(
    {
      'POST to first event': async () => {
        await untilWarm(roundTripMs);
        const turn = await oneTurn(server, session.id, watch);
        ended.push(turn.endedMs);
        return turn.firstEventMs;
      },
      'ssh by ControlMaster, first byte': () =>
        firstByte(() => peers.controlMaster('exec /bin/sh -s', `exec ${agent}\n`)),
      'fresh ssh, first byte': () =>
        firstByte(() => peers.freshSsh('exec /bin/sh -s', `exec ${agent}\n`)),
    },
    { seconds: secondsAt(roundTripMs) },
  );
  watch.close();
  return comparison(
    { ...samples, 'POST to end of the turn': ended },
    { roundTripMs },
    'fresh ssh, first byte',
  );
};

const firstByte = async (way) => {
  const startedAt = performance.now();
  const { firstByteAt } = await way();
  return firstByteAt - startedAt;
};

/** From before the POST, so that the acceptance itself counts too, to the agent's first event and to the turn's end. */
const oneTurn = async (server, sessionId, watch) => {
  const startedAt = performance.now();
  const first = watch.next('turn.output');
  const end = watch.next('turn.completed');
  await server.post(`/sessions/${sessionId}/turns`, { prompt: 'hello', fresh: true });
  const firstEventMs = (await first) - startedAt;
  return { firstEventMs, endedMs: (await end) - startedAt };
};

const watchSession = async (server, sessionId) => {
  const socket = io(server.url, { auth: { token: TOKEN }, transports: ['websocket'] });
  await once(socket, 'connect');
  const stream = `session:${sessionId}`;
  const { head } = await socket.emitWithAck('subscribe', { stream, after: 0 });
  const waiting = new Map();
  socket.on('event', ({ type, seq }) => {
    if (seq <= head) return;
    waiting.get(type)?.(performance.now());
    waiting.delete(type);
  });
  return {
    next: (type) => new Promise((resolve) => waiting.set(type, resolve)),
    close: () => socket.close(),
  };
};

const startServer = async (dataDir) => {
  const child = spawn(
    process.execPath,
    [
      new URL('../dist/cli/maestro.js', import.meta.url).pathname,
      'serve',
      '--port',
      '0',
      '--data-dir',
      dataDir,
    ],
    {
      env: { ...process.env, MAESTRO_ADMIN_TOKEN: TOKEN, MAESTRO_LOG_LEVEL: 'error' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const url = await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
      const match = /ready at (\S+)/.exec(said);
      if (match) resolve(match[1]);
    });
    child.once('exit', () => reject(new Error('the server ended')));
  });
  return {
    child,
    url,
    post: async (path, body) => {
      const response = await fetch(`${url}/api/v1${path}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
      return answer;
    },
  };
};
