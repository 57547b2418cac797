/**
 * What a loader does: reads one line, byte by byte, and evaluates it; all that follows on stdin stays unread. TMOUT of a
 * hardened host would end every `read` of bash and ksh, and what waits for it, after that many seconds.
 */
export const LOADER_PROGRAM = 'unset TMOUT;IFS= read -r l&&eval "$l"';

/**
 * The only text that ever stands on a command line of a host. It means the same to every login shell (sh, bash,
 * zsh, fish, tcsh, ksh): single-quoted once, without `!`, backslash or newline.
 */
export const LOADER = `exec /bin/sh -c '${LOADER_PROGRAM}'`;
