import { expect } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Turn } from '../../src/modules/sessions/index.js';
import { type SessionsWorld } from './sessions.world.js';

export interface Symptom {
  code: string;
  /** The remedy, in the words of the manual. */
  hint: string;
}

/** A port that takes no connection any more, as behind a firewall that drops packets: its queue is full. */
export class FullPort {
  private constructor(
    readonly port: number,
    private readonly listener: ChildProcess,
    private readonly sockets: Socket[],
  ) {}

  static async open(): Promise<FullPort> {
    const program = `const s = require('net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1},
      () => process.stdout.write(s.address().port + '\\n', () => process.kill(process.pid, 'SIGSTOP')))`;
    const listener = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(listener.stdout, 'data')) as [Buffer];
    const port = Number(line.toString());
    const sockets = Array.from({ length: 8 }, () =>
      connect(port, '127.0.0.1').on('error', () => undefined),
    );
    return new FullPort(port, listener, sockets);
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.listener.kill('SIGKILL');
  }
}

export const closedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

export type Reason = Turn['waiting'] | Turn['error'];

/** Why a turn of the session does not go on, or why it has failed. */
export const reasonOfTurn = async (
  { api }: SessionsWorld,
  session: { id: string },
): Promise<Reason> => {
  const asked = await api.post<Turn>(`/sessions/${session.id}/turns`, { prompt: 'x' });
  const turn = await api.until<Turn>(
    `/turns/${asked.id}`,
    ({ error, waiting }) => error !== null || waiting !== null,
    60_000,
  );
  if (turn.error === null) await api.post(`/turns/${turn.id}/cancel`);
  return turn.error ?? turn.waiting;
};

/** A failure that names the host and says the remedy. */
export const failing = (name: string, { code, hint }: Symptom): object => ({
  code,
  message: expect.stringContaining(name),
  hint: expect.stringContaining(hint),
});
