import { type CallOptions, type Host, HostFailure } from '../../../hosts/index.js';

const LIMIT_MS = 15_000;

/** `$1` is a name; those of the directories hold no character that a shell minds. */
const MAKE = `
umask 077
s=$HOME/.maestro/scratch
mkdir -p "$s" && chmod 700 "$s" || exit 1
mkdir "$s/$1" 2>/dev/null || { [ -d "$s/$1" ] && [ ! -L "$s/$1" ]; } || exit 1
chmod 700 "$s/$1" && touch "$s/$1" && cd "$s/$1" && pwd -P`;

/** What an agent has made unwritable is removed all the same. */
const REMOVE = `
d=$HOME/.maestro/scratch/$1
[ -d "$d" ] || exit 0
rm -rf "$d" 2>/dev/null || { chmod -R u+rwx "$d" && rm -rf "$d"; }`;

/** Of more than `$1` days without a change, unless they are among the others. */
const SWEEP = `
cd "$HOME/.maestro/scratch" 2>/dev/null || exit 0
k=" $* "
for d in $(find . ! -name . -prune -type d -mtime +"$1"); do
  d=\${d#./}
  case $d in *[!0-9a-f-]*) continue;; esac
  case $k in *" $d "*) continue;; esac
  [ -z "$(find "$d" -mtime -"$1" 2>/dev/null | head -n 1)" ] || continue
  rm -rf "$d" 2>/dev/null || { chmod -R u+rwx "$d" && rm -rf "$d"; }
  echo "$d"
done`;

/**
 * Makes a directory that only its user can look into, unless it is there, and marks it as used.
 *
 * @returns its absolute path
 */
export const makeScratch = async (host: Host, name: string): Promise<string> =>
  (await onHost(host, MAKE, [name])).trimEnd();

export const removeScratch = async (host: Host, name: string): Promise<void> => {
  await onHost(host, REMOVE, [name]);
};

/** Removes those of which nobody knows any more and in which nothing was done for so many days; answers how many. */
export const sweepScratch = async (
  host: Host,
  days: number,
  keep: readonly string[],
  options: CallOptions,
): Promise<number> => {
  const removed = await onHost(host, SWEEP, [String(days), ...keep], options);
  return removed.split('\n').filter((name) => name !== '').length;
};

const onHost = async (
  host: Host,
  script: string,
  words: string[],
  options: CallOptions = {},
): Promise<string> => {
  const argv = ['sh', '-c', script, 'sh', ...words] as const;
  const { exitCode, stdout } = await host.run({ argv }, { timeoutMs: LIMIT_MS, ...options });
  if (exitCode === 0) return stdout.toString('utf8');
  throw new HostFailure(
    'host/not-writable',
    `${host.name}: ~/.maestro/scratch cannot be written to`,
    { hint: 'Moderators work there. Make the home directory of the user writable.' },
  );
};
