/**
 * Variables that belong to some shell that may be `/bin/sh`. Setting them ends it, breaks it, or makes it evaluate the
 * value as arithmetic, which can run commands.
 */
const OF_THE_SHELL = new Set([
  ...['_', 'IFS', 'PPID', 'UID', 'EUID', 'GID', 'EGID', 'GROUPS', 'SHELLOPTS', 'BASHOPTS'],
  ...['OPTIND', 'LINENO', 'RANDOM', 'SRANDOM', 'SECONDS', 'EPOCHSECONDS', 'EPOCHREALTIME', 'TMOUT'],
  ...[
    'HISTCMD',
    'BASHPID',
    'BASH_VERSINFO',
    'BASH_ARGC',
    'BASH_ARGV',
    'BASH_LINENO',
    'BASH_SUBSHELL',
  ],
  ...[
    'DIRSTACK',
    'FUNCNAME',
    'FUNCNEST',
    'PIPESTATUS',
    'USER_ID',
    'PGRP',
    'ARGC',
    'ERRNO',
    'TTYIDLE',
  ],
  ...['KSHUID', 'KSHEUID', 'KSHGID', 'KSHEGID', 'TRY_BLOCK_ERROR', 'TRY_BLOCK_INTERRUPT'],
]);

/** Numbers to some shell, and of use to programs. */
const NUMBERS = new Set([
  ...['COLUMNS', 'LINES', 'SHLVL', 'HISTSIZE', 'SAVEHIST', 'MAILCHECK', 'LOGCHECK', 'LISTMAX'],
  ...['KEYTIMEOUT', 'BAUD'],
]);

/** Why a variable cannot be set for a program on a host, or null when it can. */
export const variableFault = (name: string, value: string): string | null => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'Not a name of an environment variable';
  if (OF_THE_SHELL.has(name)) return 'Belongs to the shell on the host and cannot be set';
  return NUMBERS.has(name) && !/^\d{1,9}$/.test(value) ? 'Must be a number' : null;
};
