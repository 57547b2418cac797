import { type SshFailure } from '../errors.js';
import { MuxChannel, OPEN_CONFIRMATION } from './mux-channel.js';
import { type MuxSocket } from './mux-socket.js';
import { WireReader } from './wire-format.js';

const LARGEST_NUMBER = 0x7fffffff;

/** The channels that this process has open over one control socket, by their numbers. */
export class MuxChannels {
  readonly #mux: MuxSocket;
  readonly #channels = new Map<number, MuxChannel>();
  #last = 0;

  constructor(mux: MuxSocket) {
    this.#mux = mux;
    mux.onPacket = (type, payload) => {
      if (type < OPEN_CONFIRMATION) return;
      const packet = new WireReader(payload);
      const id = packet.uint32();
      const isLast = this.#channels.get(id)?.take(type, packet) ?? false;
      if (isLast) this.#channels.delete(id);
    };
  }

  /** @param lost Describes a channel that closed without saying how its program ended. */
  open(command: string | null, lost: () => SshFailure): MuxChannel {
    this.#last = (this.#last % LARGEST_NUMBER) + 1;
    const channel = new MuxChannel(this.#last, this.#mux, command, lost);
    this.#channels.set(this.#last, channel);
    return channel;
  }

  /** Resolves after one round trip, which is no session more for the server when there is one. */
  async echo(lost: () => SshFailure): Promise<void> {
    const running = [...this.#channels.values()].find(({ isOpen }) => isOpen);
    if (running) await running.echo();
    else await this.open(null, lost).started;
  }

  lost(failure: SshFailure): void {
    const open = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of open) channel.linkLost(failure);
  }
}
