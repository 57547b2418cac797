import { afterEach, describe, expect, it } from '@jest/globals';
import { aSession, aTurn } from './answers.js';
import { type CliOptions, FakeServer, maestro, type Outcome } from './fake-server.js';

const servers: FakeServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const SESSION = '019a0000-0000-7000-8000-00000000000a';
const STREAM = `session:${SESSION}`;
const TURN = '019a0000-0000-7000-8000-0000000000f1';

/** A session with a turn that was there before, and whose next turn becomes `ended`. */
const setup = async (ended: object = {}): Promise<FakeServer> => {
  const server = await FakeServer.start();
  servers.push(server);
  server
    .list('/sessions', [aSession()])
    .on(`POST /sessions/${SESSION}/turns`, { status: 202, body: aTurn() })
    .on(`GET /turns/${TURN}`, { body: aTurn({ state: 'completed', text: 'Hello', ...ended }) });
  server.append(STREAM, 'turn.output', { turnId: 'an-older-turn', text: 'old words' });
  return server;
};

const send = async (
  server: FakeServer,
  events: () => void,
  argv: string[] = [],
  options: CliOptions = {},
): Promise<Outcome> => {
  const outcome = maestro(server, ['send', 'web', 'Hi', ...argv], options);
  await server.followed(STREAM);
  events();
  return outcome;
};

describe('send', () => {
  it('prints what the agent says while it says it, and only that', async () => {
    const server = await setup();
    const outcome = await send(server, () => {
      server.append(STREAM, 'turn.started', { turnId: TURN });
      server.append(STREAM, 'turn.output', { turnId: TURN, text: 'Hel' });
      server.append(STREAM, 'turn.output', { turnId: 'another', text: 'not mine' });
      server.append(STREAM, 'turn.output', { turnId: TURN, text: 'lo' });
      server.append(STREAM, 'turn.completed', { turnId: TURN });
    });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'Hello\n' });
  });

  it('tells on stderr that the turn waits for its host, and that it is heard again', async () => {
    const server = await setup();
    const outcome = await send(server, () => {
      const waiting = { code: 'ssh/refused', message: 'devbox: Connection refused', since: '' };
      server.append(STREAM, 'turn.waiting', { turnId: TURN, turn: { waiting } });
      server.append(STREAM, 'turn.waiting', { turnId: TURN, turn: { waiting: null } });
      server.append(STREAM, 'turn.completed', { turnId: TURN });
    });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'Hello\n' });
    expect(outcome.stderr).toContain('It waits for its host: devbox: Connection refused\n');
    expect(outcome.stderr).toContain('Its host is heard again.\n');
  });

  it('tells on stderr which tool the agent uses', async () => {
    const server = await setup();
    const outcome = await send(server, () => {
      const tool = { id: 't', name: 'Bash', phase: 'started', summary: 'npm test' };
      server.append(STREAM, 'turn.tool', { turnId: TURN, tool });
      server.append(STREAM, 'turn.completed', { turnId: TURN });
    });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'Hello\n' });
    expect(outcome.stderr).toContain('· Bash started npm test');
  });

  it('prints the whole text of an agent that does not stream', async () => {
    const server = await setup({ text: 'All at once' });
    const outcome = await send(server, () => {
      server.append(STREAM, 'turn.completed', { turnId: TURN });
    });
    expect(outcome.stdout).toBe('All at once\n');
  });

  it.each(['failed', 'cancelled', 'lost'])('ends with 8 when the turn is %s', async (state) => {
    const error = { code: 'agent/crashed', message: 'It crashed', hint: 'Look at it.' };
    const server = await setup({ state, error });
    const outcome = await send(server, () => {
      server.append(STREAM, `turn.${state}`, { turnId: TURN });
    });
    expect(outcome.exitCode).toBe(8);
    expect(outcome.stderr).toContain('It crashed (agent/crashed)');
    expect(outcome.stderr).toContain('Look at it.');
  });

  it('writes every event of the turn and then the turn as NDJSON', async () => {
    const server = await setup();
    const outcome = await send(server, () => {
      server.append(STREAM, 'turn.output', { turnId: TURN, text: 'Hello' });
      server.append(STREAM, 'turn.completed', { turnId: TURN });
    }, ['--json']);
    const lines = outcome.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { type: 'turn.output', seq: 2 },
      { type: 'turn.completed', seq: 3 },
      { type: 'result', data: { id: TURN, state: 'completed' } },
    ]);
  });

  it('goes on where it was when the server drops the link', async () => {
    const server = await setup();
    let dropped = false;
    const outcome = await send(
      server,
      () => {
        server.append(STREAM, 'turn.output', { turnId: TURN, text: 'one ' });
      },
      [],
      {
        onStdout: () => {
          if (dropped) return;
          dropped = true;
          server.dropSockets();
          server.append(STREAM, 'turn.output', { turnId: TURN, text: 'two ' });
          server.append(STREAM, 'turn.output', { turnId: TURN, text: 'three' });
          server.append(STREAM, 'turn.completed', { turnId: TURN });
        },
      },
    );
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'one two three\n' });
  });

  it.each([
    ['-', ['send', 'web', '-']],
    ['nothing', ['send', 'web']],
  ])('takes the prompt from standard input when %s is given', async (_what, argv) => {
    const server = await setup();
    await maestro(server, [...argv, '--detach'], { stdin: 'a private\nprompt\n' });
    expect(server.calls.at(-1)?.body).toEqual({ prompt: 'a private\nprompt\n' });
  });

  it('starts the turn under an idempotency key', async () => {
    const server = await setup();
    await maestro(server, ['send', 'web', 'Hi', '--detach', '--read-only']);
    const call = server.calls.at(-1);
    expect(call?.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/);
    expect(call?.body).toEqual({ prompt: 'Hi', readOnly: true });
  });

  it('says with 2 that there is no prompt, and asks the server for nothing', async () => {
    const server = await setup();
    const atTerminal = await maestro(server, ['send', 'web'], { stdin: null });
    const empty = await maestro(server, ['send', 'web', '-'], { stdin: '\n' });
    expect([atTerminal.exitCode, empty.exitCode]).toEqual([2, 2]);
    expect(server.calls).toEqual([]);
  });

  it('stops waiting after --timeout with 5, and says that the turn goes on', async () => {
    const server = await setup();
    const outcome = await maestro(server, ['send', 'web', 'Hi', '--timeout', '0.05']);
    expect(outcome.exitCode).toBe(5);
    expect(outcome.stderr).toContain('goes on');
  });

  it('ends with 130 on Ctrl-C, and says that the turn goes on', async () => {
    const server = await setup();
    const interrupt = new AbortController();
    const outcome = await send(
      server,
      () => {
        interrupt.abort();
      },
      [],
      { signal: interrupt.signal },
    );
    expect(outcome.exitCode).toBe(130);
    expect(outcome.stderr).toContain('maestro sessions stop web');
  });
});
