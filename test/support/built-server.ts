import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Readable } from 'node:stream';
import { Api } from './api.js';
import { type Store } from './stores.js';

const MAESTRO = new URL('../../dist/cli/maestro.js', import.meta.url).pathname;
const TOKEN = 'mst_only-for-tests-0123456789abcdef';
const START_LIMIT_MS = 60_000;

export interface BuiltServerOptions {
  store?: Pick<Store, 'databaseUrl' | 'redisUrl'>;
  role?: 'all' | 'api' | 'worker';
  /** Variables that win over the usual ones; undefined takes one away. */
  settings?: Record<string, string | undefined>;
}

/** `maestro serve` as users start it: a process of its own from `dist`, in its own home and data directory. */
export class BuiltServer {
  /** Everything that all its processes have written. */
  stdout = '';
  stderr = '';
  #child: ChildProcessByStdio<null, Readable, Readable> | null = null;
  #url = '';

  private constructor(
    private readonly dir: string,
    private readonly options: BuiltServerOptions,
  ) {}

  static async start(options: BuiltServerOptions = {}): Promise<BuiltServer> {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-built-'));
    const server = new BuiltServer(dir, options);
    await makeHome(server.home);
    await server.start();
    return server;
  }

  get dataDir(): string {
    return join(this.dir, 'data');
  }

  /** Of the server and of the agents on this machine. */
  get home(): string {
    return join(this.dir, 'home');
  }

  get url(): string {
    return this.#url;
  }

  get port(): string {
    return new URL(this.#url).port;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get api(): Api {
    return this.apiAs(TOKEN);
  }

  apiAs(token: string): Api {
    return new Api(this.#url, token);
  }

  /** Starts it, at the port that it had before. Resolves when it is ready, with the milliseconds that took. */
  async start(): Promise<number> {
    const begin = performance.now();
    const { role, store, settings } = this.options;
    const args = ['--port', this.#url === '' ? '0' : this.port, '--data-dir', this.dataDir];
    const child = spawnServe([...args, ...(role === undefined ? [] : ['--role', role])], {
      HOME: this.home,
      MAESTRO_ADMIN_TOKEN: TOKEN,
      DATABASE_URL: store?.databaseUrl ?? undefined,
      REDIS_URL: store?.redisUrl ?? undefined,
      ...settings,
    });
    this.#child = child;
    this.#url = await new Promise((resolve, reject) => {
      let said = '';
      const late = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
      child.stdout.on('data', (chunk: string) => {
        this.stdout += chunk;
        said += chunk;
        const ready = /ready at (\S+)/.exec(said)?.[1];
        if (ready === undefined) return;
        clearTimeout(late);
        resolve(ready);
      });
      child.stderr.on('data', (chunk: string) => {
        this.stderr += chunk;
      });
      child.once('close', (code, signal) => {
        clearTimeout(late);
        const why = `the server ended with ${String(signal ?? code)}`;
        reject(new Error(`${why}\n${this.stderr.slice(-2_000)}`));
      });
    });
    return performance.now() - begin;
  }

  /** SIGKILL: as when the machine's memory runs out. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM: as a service manager stops it. */
  async terminate(): Promise<{ code: number | null; elapsedMs: number }> {
    const begin = performance.now();
    const code = await this.#end('SIGTERM');
    return { code, elapsedMs: performance.now() - begin };
  }

  /** Ends it and removes what it kept. */
  async stop(): Promise<void> {
    await this.terminate();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === null) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close');
      child.kill(signal);
      await closed;
    }
    return child.exitCode;
  }
}

export interface FailedStart {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A start that must not come to anything: what it says, and how it ends. */
export const failToServe = async (
  args: string[],
  env: Record<string, string | undefined> = {},
): Promise<FailedStart> => {
  const child = spawnServe(args, env);
  const failed: FailedStart = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: string) => (failed.stdout += chunk));
  child.stderr.on('data', (chunk: string) => (failed.stderr += chunk));
  const late = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
  await once(child, 'close');
  clearTimeout(late);
  return { ...failed, code: child.exitCode };
};

const spawnServe = (
  args: string[],
  env: Record<string, string | undefined>,
): ChildProcessByStdio<null, Readable, Readable> => {
  const child = spawn(process.execPath, [MAESTRO, 'serve', ...args], {
    env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  return child;
};

/** A home directory whose login leads to the Node.js of the tests: the demo agent needs one. */
export const makeHome = async (home: string): Promise<void> => {
  await mkdir(home, { recursive: true });
  const line = `PATH='${dirname(process.execPath)}':$PATH; export PATH\n`;
  for (const file of ['.profile', '.bash_profile']) await writeFile(join(home, file), line);
};
