import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);

/**
 * A TCP relay on loopback that delivers every byte `oneWayMs` later, in both directions. It is a process of its own: it
 * must not wait for the one that is measured.
 */
export const startDelayProxy = async (targetPort, oneWayMs) => {
  const child = fork(here, [String(targetPort), String(oneWayMs)]);
  const [port] = await once(child, 'message');
  return {
    port,
    close: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
};

const relay = (targetPort, oneWayMs) => {
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), oneWayMs));
      from.on('end', () => setTimeout(() => to.end(), oneWayMs));
      from.on('error', () => to.destroy());
    }
  }).listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
};

if (process.argv[1] === here) relay(Number(process.argv[2]), Number(process.argv[3]));
