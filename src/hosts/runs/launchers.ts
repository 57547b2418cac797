/**
 * How a process leaves us for a session or group of its own, in order of preference. Each way must leave SIGINT at its
 * default: after a plain `&` a shell without job control ignores it, and so does for ever all that it starts.
 *
 * - `F` `setsid -f` (util-linux)
 * - `S` any other `setsid`: started in the foreground by a shell that is killed as soon as there is an answer
 * - `M` job control of the shell (bash, zsh, ksh; dash and busybox want a terminal for it)
 * - `P` perl
 */
export const LAUNCHERS = ['F', 'S', 'M', 'P'] as const;
export type Launcher = (typeof LAUNCHERS)[number];

/**
 * Commands that start a detached shell with the script on their stdin and return once it has answered through
 * descriptor 3, which is their stdout. `M` has none: what is started by `&` needs a file.
 */
export const DETACH: Record<Exclude<Launcher, 'M'>, string> = {
  F: 'setsid -f /bin/sh -s 3>&1 >/dev/null 2>&1 7<&-',
  S: `/bin/sh -c 'setsid /bin/sh -s 3>&1 >/dev/null 2>&1 7<&- | { IFS= read -r a; echo "$a"; kill -KILL $$; }' 2>/dev/null`,
  P: 'perl -MPOSIX -e "exit if fork; POSIX::setsid(); exec @ARGV" /bin/sh -s 3>&1 >/dev/null 2>&1 7<&-',
};
