import { createServer, type Server, type Socket } from 'node:net';
import { type Identity } from '../private-keys.js';
import { agentSignature } from './agent-signature.js';
import { Frames } from './frames.js';
import { uint32, WireReader, wireString } from './wire-format.js';

/** Messages of draft-miller-ssh-agent. */
const FAILURE = 5;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const LARGEST_MESSAGE_BYTES = 256 * 1024;

/**
 * An ssh-agent of this process, on a socket in a private directory, for the time of one login: so a key that is sealed
 * in the database, or opened with a passphrase, signs for `ssh` without ever leaving this process.
 */
export class PrivateAgent {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async listen(path: string, identities: readonly Identity[]): Promise<PrivateAgent> {
    const agent = new PrivateAgent(identities);
    await new Promise<void>((resolve, reject) => {
      agent.#server.once('error', reject);
      agent.#server.listen(path, resolve);
    });
    return agent;
  }

  private constructor(identities: readonly Identity[]) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      const frames = new Frames(LARGEST_MESSAGE_BYTES, (message) => {
        const answer = answerTo(message, identities) ?? Buffer.of(FAILURE);
        socket.write(wireString(answer));
      });
      socket.on('data', (data: Buffer) => {
        try {
          frames.push(data);
        } catch {
          socket.destroy();
        }
      });
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Null for what it cannot do. */
const answerTo = (message: Buffer, identities: readonly Identity[]): Buffer | null => {
  const packet = new WireReader(message);
  const type = packet.byte();
  if (type === REQUEST_IDENTITIES) {
    const keys = identities.flatMap(({ source, key }) => [
      wireString(key.getPublicSSH()),
      wireString(source === 'sealed' ? 'the sealed key' : source),
    ]);
    return Buffer.concat([Buffer.of(IDENTITIES_ANSWER), uint32(identities.length), ...keys]);
  }
  if (type !== SIGN_REQUEST) return null;
  const wanted = packet.string();
  const data = packet.string();
  const identity = identities.find(({ key }) => key.getPublicSSH().equals(wanted));
  const signature = identity ? agentSignature(identity.key, data, packet.uint32()) : null;
  return signature && Buffer.concat([Buffer.of(SIGN_RESPONSE), wireString(signature)]);
};
