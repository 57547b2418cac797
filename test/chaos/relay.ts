import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const PROGRAM = new URL('./relay-program.mjs', import.meta.url).pathname;

/** A relay on loopback that SIGSTOP makes hang, as a machine on the way that is out of memory does. */
export class Relay {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(targetPort: number): Promise<Relay> {
    const child = spawn(process.execPath, [PROGRAM, String(targetPort)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return new Relay(child, Number(line.toString()));
  }

  hang(): void {
    this.child.kill('SIGSTOP');
  }

  goOn(): void {
    this.child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
