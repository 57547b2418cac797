import { connect } from 'node:net';
import { Frames } from './frames.js';
import { WireReader, wireString } from './wire-format.js';

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const LARGEST_MESSAGE_BYTES = 1024 * 1024;
const ANSWER_MS = 2_000;

/** The types of the keys that an ssh-agent has; none when it does not answer. ssh2 passes over those it cannot use. */
export const agentKeyTypes = (path: string): Promise<string[]> =>
  new Promise((resolve) => {
    const socket = connect(path);
    let types: string[] = [];
    const frames = new Frames(LARGEST_MESSAGE_BYTES, (message) => {
      types = typesIn(message);
      socket.destroy();
    });
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('close', () => {
      resolve(types);
    });
    socket.on('data', (data: Buffer) => {
      try {
        frames.push(data);
      } catch {
        socket.destroy();
      }
    });
    socket.write(wireString(Buffer.of(REQUEST_IDENTITIES)));
  });

const typesIn = (message: Buffer): string[] => {
  const packet = new WireReader(message);
  if (packet.byte() !== IDENTITIES_ANSWER) return [];
  return Array.from({ length: packet.uint32() }, () => {
    const type = new WireReader(packet.string()).text();
    packet.string();
    return type;
  });
};
