import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type LoopbackSsh } from './loopback-ssh.js';
import { TcpProxy } from './tcp-proxy.js';

const run = promisify(execFile);
/** sshd insists on being started by its absolute path. */
const SSHD_PATHS = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/opt/homebrew/sbin/sshd'];
const LISTEN_TIMEOUT_MS = 10_000;
const PORT_ATTEMPTS = 5;

export const findSshd = (): string | null => SSHD_PATHS.find((path) => existsSync(path)) ?? null;

/** A real sshd on a free port of loopback, or null when the machine has none. `dir` holds all its files. */
export const startLoopbackSshd = async (dir: string): Promise<LoopbackSshd | null> =>
  findSshd() === null ? null : LoopbackSshd.start(dir);

/** OpenSSH's server for the user who runs this, without root and without touching the machine's own sshd. */
export class LoopbackSshd implements LoopbackSsh {
  readonly host = '127.0.0.1';
  readonly username = userInfo().username;
  readonly home: string;
  readonly clientKeyPath: string;
  #hostKeyFingerprint = '';
  #sshdPort = 0;
  #log = '';
  #process: ChildProcess | null = null;
  #proxy!: TcpProxy;

  private constructor(
    private readonly dir: string,
    private readonly directives: readonly string[],
    private readonly within: readonly string[],
  ) {
    this.home = join(dir, 'home');
    this.clientKeyPath = join(dir, 'client_key');
  }

  /**
   * `directives` are lines of sshd_config; they win over ours. `within` is a command that becomes sshd in surroundings
   * of its own: it gets the program and its arguments as its last ones.
   */
  static async start(
    dir: string,
    directives: readonly string[] = [],
    within: readonly string[] = [],
  ): Promise<LoopbackSshd> {
    const sshd = new LoopbackSshd(dir, directives, within);
    await mkdir(sshd.home, { recursive: true });
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    await sshd.changeHostKey();
    if (!existsSync(sshd.clientKeyPath)) await makeKey(sshd.clientKeyPath);
    await copyFile(`${sshd.clientKeyPath}.pub`, join(dir, 'authorized_keys'));
    await sshd.#listenSomewhere();
    sshd.#proxy = await TcpProxy.start(sshd.#sshdPort);
    return sshd;
  }

  get port(): number {
    return this.#proxy.port;
  }

  get hostKeyFingerprint(): string {
    return this.#hostKeyFingerprint;
  }

  /** The relay in front of sshd. */
  get proxy(): TcpProxy {
    return this.#proxy;
  }

  /** What sshd has logged so far. */
  get log(): string {
    return this.#log;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  cutConnections(): void {
    this.#proxy.cut();
  }

  /** Stops listening and starts again on the same port; sessions that are open live on. */
  async restart(): Promise<void> {
    await this.#stopListening();
    await this.#listen();
  }

  /** Makes another host key, which counts from the next `restart`. */
  async changeHostKey(): Promise<void> {
    const path = join(this.dir, 'host_key');
    await run('rm', ['-f', path, `${path}.pub`]);
    await makeKey(path);
    const { stdout } = await run('ssh-keygen', ['-l', '-E', 'sha256', '-f', `${path}.pub`]);
    this.#hostKeyFingerprint = stdout.split(' ')[1] ?? '';
  }

  /** Kills the processes that serve open connections, not what runs in them. */
  async killSessions(): Promise<void> {
    for (const pid of await this.#sessionPids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    }
  }

  async stop(): Promise<void> {
    // Without their links, the processes of open sessions end by themselves.
    await this.#proxy.stop();
    await this.#stopListening();
  }

  async #sessionPids(): Promise<number[]> {
    const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,comm=']);
    const processes = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .map(([pid, parent, name = '']) => ({ pid: Number(pid), parent: Number(parent), name }));
    const found: number[] = [];
    const visit = (parent: number): void => {
      for (const { pid, name } of processes.filter((entry) => entry.parent === parent)) {
        if (!/sshd/.test(name)) continue;
        found.push(pid);
        visit(pid);
      }
    };
    if (this.pid !== undefined) visit(this.pid);
    return found;
  }

  async #listenSomewhere(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.#sshdPort = await freePort();
      try {
        await this.#listen();
        return;
      } catch (error) {
        if (attempt === PORT_ATTEMPTS || !this.#log.includes('Address already in use')) throw error;
      }
    }
  }

  async #listen(): Promise<void> {
    const configPath = join(this.dir, 'sshd_config');
    await writeFile(configPath, this.#config());
    const command = [...this.within, findSshd() ?? 'sshd', '-D', '-e', '-f', configPath];
    const [program = '', ...args] = command;
    const sshd = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = sshd;
    await new Promise<void>((resolve, reject) => {
      let isListening = false;
      const fail = (why: string): void => {
        clearTimeout(deadline);
        reject(new Error(`sshd does not listen: ${why}\n${this.#log}`));
      };
      const deadline = setTimeout(() => {
        sshd.kill();
        fail('it takes too long');
      }, LISTEN_TIMEOUT_MS);
      sshd.once('error', (error) => {
        fail(error.message);
      });
      sshd.once('exit', (code) => {
        if (!isListening) fail(`it ended with ${String(code)}`);
      });
      let sinceStart = '';
      sshd.stderr.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
        if (isListening) return;
        sinceStart += chunk.toString();
        if (!sinceStart.includes('Server listening on')) return;
        isListening = true;
        clearTimeout(deadline);
        resolve();
      });
    });
  }

  async #stopListening(): Promise<void> {
    const sshd = this.#process;
    if (sshd?.exitCode !== null || sshd.signalCode !== null) return;
    const exited = new Promise((resolve) => sshd.once('exit', resolve));
    sshd.kill();
    await exited;
  }

  /** The first value of a directive counts, so those of the caller stand first. */
  #config(): string {
    const { dir } = this;
    return [
      ...this.directives,
      `Port ${String(this.#sshdPort)}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(dir, 'host_key')}`,
      `PidFile ${join(dir, 'sshd.pid')}`,
      `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
      `AllowUsers ${this.username}`,
      'PubkeyAuthentication yes',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'UsePAM no',
      'StrictModes no',
      'UseDNS no',
      'PrintMotd no',
      `SetEnv HOME=${this.home}`,
      'Subsystem sftp internal-sftp',
      '',
    ].join('\n');
  }
}

const makeKey = async (path: string): Promise<void> => {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'loopback', '-f', path]);
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};
