import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../api-client.js';
import { CliFailure } from '../cli-failure.js';
import { EXIT } from '../exit-codes.js';

const MAESTRO = fileURLToPath(new URL('../maestro.js', import.meta.url));
const START_LIMIT_MS = 90_000;
/** A little more than the server may take to drain. */
const STOP_LIMIT_MS = 35_000;

/** The server as a process of its own, which can be killed and started again. */
export class DemoServer {
  private readonly log: number;
  private child: ChildProcess | null = null;
  private address: URL | null = null;

  constructor(
    private readonly dataDir: string,
    /** Home directory of the server and of the agents that it starts on this machine. */
    private readonly home: string,
    private readonly logFile: string,
    private readonly signal: AbortSignal,
  ) {
    this.log = openSync(logFile, 'a', 0o600);
  }

  get url(): string {
    if (!this.address) throw new Error('The server of the demo was never started');
    return this.address.origin;
  }

  get tokenFile(): string {
    return join(this.dataDir, 'admin-token');
  }

  async client(signal = this.signal): Promise<ApiClient> {
    return new ApiClient(this.url, (await readFile(this.tokenFile, 'utf8')).trim(), signal);
  }

  /** Starts it, on the port that it had before, and waits until it says that it is ready. */
  async start(signal = this.signal): Promise<void> {
    const port = this.address?.port ?? '0';
    const args = ['serve', '--host', '127.0.0.1', '--port', port, '--data-dir', this.dataDir];
    // In a session of its own, so that Ctrl-C reaches only the demo, which stops the server in order.
    const child = spawn(process.execPath, [MAESTRO, ...args], {
      env: serverEnvironment(this.home),
      detached: true,
      stdio: ['ignore', 'pipe', this.log],
    });
    this.child = child;
    this.address = await this.untilListening(child, signal);
    await this.untilReady(child, signal);
  }

  /** Waits until it is ready, and starts it first if it is dead. Nothing to do when it was never ready at all. */
  async revive(signal: AbortSignal): Promise<void> {
    if (!this.child || !this.address) return;
    if (hasExited(this.child)) await this.start(signal);
    else await this.untilReady(this.child, signal);
  }

  /** SIGKILL: no chance to tidy up. Returns when the process is gone. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    const { child } = this;
    const timer = setTimeout(() => child?.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.end('SIGTERM');
    clearTimeout(timer);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || hasExited(child)) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  private async untilListening(child: ChildProcess, signal: AbortSignal): Promise<URL> {
    if (!child.stdout) throw new Error('The server of the demo has no stdout');
    const lines = createInterface({ input: child.stdout });
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        void this.failure(why).then(reject, reject);
      };
      const timer = setTimeout(() => {
        fail(`it said nothing of a URL within ${START_LIMIT_MS / 1_000} s`);
      }, START_LIMIT_MS);
      signal.addEventListener('abort', () => {
        fail('interrupted');
      });
      child.once('error', (error) => {
        fail(error.message);
      });
      child.once('exit', (code, killedBy) => {
        fail(`it ended with ${String(killedBy ?? code)}`);
      });
      lines.on('line', (line) => {
        // The token is printed at the first start, and belongs in no log.
        if (!/token/i.test(line)) writeSync(this.log, `${line}\n`);
        const url = /https?:\/\/[\w.[\]:]+/.exec(line)?.[0];
        if (url === undefined || !URL.canParse(url)) return;
        clearTimeout(timer);
        resolve(new URL(url));
      });
    });
  }

  private async untilReady(child: ChildProcess, signal: AbortSignal): Promise<void> {
    const api = new ApiClient(this.url, null, signal);
    const deadline = Date.now() + START_LIMIT_MS;
    while (Date.now() < deadline && !hasExited(child)) {
      const answer = await api.probe('/readyz').catch(() => null);
      if (answer?.status === 200) return;
      await pause(100, undefined, { signal });
    }
    throw await this.failure('it did not become ready');
  }

  private async failure(why: string): Promise<Error> {
    const log = await readFile(this.logFile, 'utf8').catch(() => '');
    const tail = log.trimEnd().split('\n').slice(-15).join('\n');
    return new CliFailure(EXIT.error, `The server did not start: ${why}${tail && `\n${tail}`}`);
  }
}

const hasExited = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/** The stores may be chosen from outside; every other setting is the demo's own. */
const serverEnvironment = (home: string): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith('MAESTRO_') || name.startsWith('MAESTRO_SECRET_KEY'),
    ),
  ),
  // The database's password may be kept in the real home.
  PGPASSFILE: process.env['PGPASSFILE'] ?? join(homedir(), '.pgpass'),
  HOME: home,
});
