import { SshFailure } from '../errors.js';
import { type Link } from '../link.js';
import { type KeyRing } from '../private-keys.js';
import { assertReachable, type HostKeyVerifier, type SshTarget } from '../ssh-target.js';
import { assertClient } from './client-program.js';
import { logIn, type LoggedInMaster } from './master-login.js';
import { type MuxChannel } from './mux-channel.js';
import { MuxChannels } from './mux-channels.js';

const OPEN_TIMEOUT_MS = 15_000;

/** A link over the system's `ssh`, for what ssh2 cannot do: an `ssh` of its own, spoken to on its control socket. */
export class OpensshLink implements Link {
  readonly transport = 'openssh';
  readonly transportReasons: readonly string[];
  readonly latencyMs: number;
  readonly #target: SshTarget;
  readonly #master: LoggedInMaster;
  readonly #channels: MuxChannels;
  #lost: SshFailure | null = null;
  onLost: (failure: SshFailure) => void = () => undefined;

  /** @param reasons What needs it, to be shown, and for a server whose `ssh` cannot do it either. */
  static async open(
    target: SshTarget,
    keyRing: KeyRing,
    verify: HostKeyVerifier,
    reasons: readonly string[],
  ): Promise<OpensshLink> {
    for (const each of [...(target.jumps ?? []), target]) assertReachable(each);
    await assertClient(target.openssh?.sshPath, target, reasons);
    return new OpensshLink(target, reasons, await logIn(target, keyRing, verify));
  }

  private constructor(target: SshTarget, reasons: readonly string[], master: LoggedInMaster) {
    this.transportReasons = reasons;
    this.#target = target;
    this.#master = master;
    this.latencyMs = master.transcript.latencyMs;
    this.#channels = new MuxChannels(master.mux);
    master.mux.onClose = () => {
      // What it has said of the reason may be read in the same turn of the loop.
      setImmediate(() => {
        this.#lose(this.#ended());
      });
    };
    if (!master.mux.isOpen) master.mux.onClose();
  }

  get isAlive(): boolean {
    return this.#lost === null && this.#master.mux.isOpen;
  }

  async open(command: string): Promise<MuxChannel> {
    if (!this.isAlive) throw this.#lost ?? this.#ended();
    const bytesBefore = this.#master.mux.bytesRead;
    const channel = this.#channels.open(command, () => this.#lost ?? this.#ended());
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const failure = new SshFailure('ssh/timeout', this.#target, {
          detail: 'the server did not open a channel',
        });
        reject(failure);
        channel.close();
        // Not a byte in all that time: the link is half open, and everybody on it waits for nothing.
        if (this.#master.mux.bytesRead === bytesBefore) this.#lose(failure);
      }, OPEN_TIMEOUT_MS);
    });
    try {
      await Promise.race([channel.started, deadline]);
      return channel;
    } finally {
      clearTimeout(timer);
    }
  }

  async measure(): Promise<number> {
    if (!this.isAlive) throw this.#lost ?? this.#ended();
    const askedAt = performance.now();
    await this.#channels.echo(() => this.#lost ?? this.#ended());
    return performance.now() - askedAt;
  }

  async close(): Promise<void> {
    this.#lose(
      new SshFailure('ssh/connection-lost', this.#target, { detail: 'closed by this server' }),
    );
    await this.#master.process.ended;
  }

  /** The first reason counts. */
  #lose(failure: SshFailure): void {
    if (this.#lost) return;
    this.#lost = failure;
    this.#master.mux.destroy();
    void this.#master.process.stop();
    this.#channels.lost(failure);
    this.onLost(failure);
  }

  #ended(): SshFailure {
    const { lastWords: detail = 'closed by the remote host' } = this.#master.transcript;
    return new SshFailure('ssh/connection-lost', this.#target, { detail });
  }
}
