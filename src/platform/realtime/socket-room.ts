import { once } from 'node:events';
import { type Socket } from 'socket.io';

/**
 * Resolves when all that was emitted has left for the network, at the latest when `signal` aborts. Who emits a page
 * and then waits here bounds what a slow client can make the server hold.
 */
export const roomToSend = async ({ conn }: Socket, signal: AbortSignal): Promise<void> => {
  while (!conn.transport.writable && !signal.aborted) {
    const waited = new AbortController();
    const either = { signal: AbortSignal.any([signal, waited.signal]) };
    // The transport that is waited for may be replaced by a better one, and then never gets ready.
    await Promise.race([
      once(conn.transport, 'ready', either),
      once(conn, 'upgrade', either),
    ]).catch(() => undefined);
    waited.abort();
  }
};
