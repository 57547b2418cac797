import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What we are measured beside: a fresh `ssh`, `ssh` over a ControlMaster, and a process on this machine. */
export class Peers {
  #options;
  #address;
  #controlPath;

  constructor(sshd, port, controlPath) {
    this.#address = `${sshd.username}@127.0.0.1`;
    this.#controlPath = controlPath;
    this.#options = [
      ...['-F', 'none', '-T', '-p', String(port), '-i', sshd.clientKeyPath],
      ...option('BatchMode=yes', 'LogLevel=ERROR'),
      ...option('StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'),
    ];
  }

  async open() {
    const options = option('ControlMaster=yes', `ControlPath=${this.#controlPath}`);
    await this.#run('ssh', [...this.#options, ...options, '-f', '-N', this.#address], {
      hasNoEnd: true,
    });
  }

  async close() {
    const options = option(`ControlPath=${this.#controlPath}`);
    await this.#run('ssh', [...this.#options, ...options, '-O', 'exit', this.#address]);
  }

  freshSsh(command, input) {
    return this.#run('ssh', [...this.#options, this.#address, command], { input });
  }

  controlMaster(command, input) {
    const options = option('ControlMaster=no', `ControlPath=${this.#controlPath}`);
    return this.#run('ssh', [...this.#options, ...options, this.#address, command], { input });
  }

  localSpawn(command, input) {
    return this.#run('/bin/sh', ['-c', command], { input });
  }

  /** Resolves with the bytes that it printed and with when the first of them came. */
  async #run(program, args, { input, hasNoEnd = false } = {}) {
    const child = spawn(program, args, {
      // A process in the background keeps the pipes of the one that started it.
      stdio: hasNoEnd ? 'ignore' : ['pipe', 'pipe', 'ignore'],
    });
    const exited = once(child, 'exit');
    let bytes = 0;
    let firstByteAt = 0;
    if (!hasNoEnd) {
      child.stdin.on('error', () => undefined).end(input);
      child.stdout.on('data', (data) => {
        firstByteAt ||= performance.now();
        bytes += data.length;
      });
      await once(child.stdout, 'close');
    }
    const [code] = await exited;
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
    return { bytes, firstByteAt };
  }
}

const option = (...settings) => settings.flatMap((setting) => ['-o', setting]);
