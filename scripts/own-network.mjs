/**
 * A network of its own for the real CLIs of the tests: only loopback, so that nothing of theirs can leave this machine
 * whatever they try.
 */
import { spawnSync } from 'node:child_process';

const UP = 'ip link set lo up 2>/dev/null || busybox ip link set lo up || ifconfig lo up';

/** Runs the command that follows in such a network; null where this machine cannot give one. */
export const ownNetwork = () => {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  const within =
    uid === 0
      ? ['unshare', '--net', '--', 'sh', '-c', `{ ${UP}; } && exec "$@"`, 'sh']
      : // Root of a namespace may bring the network up; what runs in it is the user that it was.
        [
          ...['unshare', '--user', '--map-root-user', '--net', '--', 'sh', '-c'],
          `{ ${UP}; } && exec unshare --user --map-user=${uid} --map-group=${gid} -- "$@"`,
          'sh',
        ];
  return spawnSync(within[0], [...within.slice(1), 'true']).status === 0 ? within : null;
};

/** What of this machine's environment the tier of the real CLIs gets. */
export const scrubbed = (home) => {
  const kept = ['PATH', 'TMPDIR', 'CI', 'TERM', 'NO_COLOR', 'FORCE_COLOR'];
  const own = Object.entries(process.env).filter(
    ([name]) => kept.includes(name) || name.startsWith('MAESTRO_TEST_'),
  );
  return { ...Object.fromEntries(own), HOME: home, LANG: 'C.UTF-8' };
};
