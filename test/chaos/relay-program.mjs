/** A TCP relay that is a process of its own, so that it can be stopped and continued. `relay-program.mjs PORT` prints its port. */
import { connect, createServer } from 'node:net';

const target = { host: '127.0.0.1', port: Number(process.argv[2]), noDelay: true };
const server = createServer({ noDelay: true }, (near) => {
  const far = connect(target);
  near.pipe(far).pipe(near);
  for (const [socket, other] of [
    [near, far],
    [far, near],
  ]) {
    socket.on('error', () => other.resetAndDestroy()).on('close', () => other.destroy());
  }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
// It ends with whoever started it.
process.stdin.on('end', () => process.exit()).resume();
