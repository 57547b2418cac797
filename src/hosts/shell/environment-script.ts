import { createHash } from 'node:crypto';

import { say } from '../runs/claim-fragments.js';
import { newNonce } from './nonce.js';
import { oneLine } from './one-line.js';
import { KIN } from './process-fragments.js';
import { APPEND_PATH, RC_FILES } from './program-directories.js';
import { shQuote } from './sh-quote.js';

/** How long the login shell may take: as in a terminal, then without being interactive. */
export const PATIENCE_S = { first: 10, again: 6 };

/** What describes the connection or the resolving shell, not the user's environment; and what ends `read`. */
const NOT_KEPT =
  'unset SSH_AUTH_SOCK SSH_CONNECTION SSH_CLIENT SSH_TTY PWD OLDPWD SHLVL TERM TMOUT MAESTRO_CALL MAESTRO_RESOLVING_ENVIRONMENT;';

/** What the login shell runs when it has read its files; no quote, backslash or `!` that some shell would take as its own. */
const PAYLOAD =
  'exec /bin/sh -c \'unset IFS; exec >"$MAESTRO_RESOLVING_ENVIRONMENT"; echo umask `umask`; export -p; echo "#END"\'';

/** An environment that another release has saved is old. */
const VERSION = createHash('sha256')
  .update([APPEND_PATH, NOT_KEPT, PAYLOAD].join('\n'))
  .digest('hex')
  .slice(0, 12);

/** Fields of the answer, each ended by a NUL. */
export const ENVIRONMENT_FIELDS = [
  ...(['hostname', 'os', 'shell', 'home', 'user', 'path'] as const),
  ...(['loginPath', 'takenAt', 'way', 'obstacle', 'isSaved', 'variables'] as const),
] as const;

/**
 * Resolves the environment that a person gets in a terminal, by the login shell as it reads all its files, and saves
 * it in `~/.maestro/env.sh` on the host, where commands and runs source it: its secrets do not travel. What was saved
 * is good for a day, while no rc file is newer and the login shell is the same; for ten minutes when it is not whole.
 *
 * The answer of the login shell goes to a file of its own: what rc files print is nobody's business. Ways to ask, in
 * order (`way`): interactive login shell with a command (`ok`); the same with the command on stdin, for rc files that
 * replace the shell by another (`exec`); login shell that is not interactive (`login`); then there are only the usual
 * directories (`plain`). A shell that takes too long is killed with all that it has started (`obstacle`).
 */
export const environmentScript = (nonce: string, refresh: boolean): string => {
  const tag = newNonce();
  return oneLine(
    say(nonce),
    KIN,
    `
    exec 7<&0; _S=\${SHELL:-/bin/sh}; _H="$HOME/.maestro"; _E="$_H/env.sh"; _o="$_E.${tag}";
    _u=$(umask); umask 077;
    _was() { _e0=; _at=0; _k=plain; _y=-; _e1=; { read -r _x _e0 _at _k _y _e1 <"$_E"; } 2>/dev/null; [ "$_e0" = ${VERSION} ]; };
    _old() {
      _was && [ "$_e1" = "$_S" ] || return 0;
      case $_k in ok|exec) _a="-mtime -1";; *) _a="-mmin -10";; esac;
      [ -n "$(find "$_E" $_a 2>/dev/null)" ] || return 0;
      for _f in ${RC_FILES}; do [ "$_f" -nt "$_E" ] && return 0; done;
      return 1;
    };
    _ask() {
      _p=$1; shift; printf "" >"$_o"; rm -f "$_o.late";
      MAESTRO_CALL=${tag} MAESTRO_RESOLVING_ENVIRONMENT="$_o" TERM=dumb $_l "$_S" "$@" <"$_in" >/dev/null 2>&1 7<&- & _x=$!;
      ( trap "kill \\$_s; exit" TERM; sleep $_p & _s=$!; wait $_s; trap "" TERM;
        printf "" >"$_o.late"; _W=MAESTRO_CALL=${tag}; _K=; _J=; _G=$_x; kill -KILL $_x; _kin;
        for _t in $_K; do kill -KILL \${_t%%,*}; done ) </dev/null >/dev/null 2>&1 7<&- & _w=$!;
      wait $_x; kill $_w; wait $_w;
      grep -q "^#END$" "$_o" && return 0;
      _y=ended; [ ! -e "$_o.late" ] || _y=hung; return 1;
    };
    _put() {
      { echo "#env ${VERSION} $(date +%s) $_k $_y $_S"; echo ${shQuote('_c=$PATH;')};
        sed "/^export SHELLOPTS=/d;/^export BASHOPTS=/d" "$_o";
        printf "%s\\n" ${shQuote(NOT_KEPT)} ${shQuote(APPEND_PATH)}; } >"$_o.n";
    };
    _new() {
      mkdir -p "$_H" || return 1;
      find "$_H" -name "env.sh.*" -mtime +0 -exec rm -f {} +;
      _l=;
      if command -v setsid >/dev/null; then _l=setsid;
      elif command -v perl >/dev/null; then _l="perl -MPOSIX -e POSIX::setsid();exec(@ARGV)"; fi;
      # Several times: an rc file may read a line of it.
      for _t in 1 2 3 4 5; do printf "%s\\n" ${shQuote(PAYLOAD)}; done >"$_o.in";
      _k=ok; _y=-; _in=/dev/null;
      _by() { _in="$_o.in"; _ask "$@" || { _in=/dev/null; return 1; }; };
      case \${_S##*/} in
        csh|tcsh) _by ${PATIENCE_S.first} -l || { _k=login; _ask ${PATIENCE_S.again} -c ${shQuote(PAYLOAD)}; };;
        *) _ask ${PATIENCE_S.first} -ilc ${shQuote(PAYLOAD)} ||
          { [ $_y = ended ] && { _k=exec; _by ${PATIENCE_S.again} -il; }; } ||
          { _k=login; _ask ${PATIENCE_S.again} -lc ${shQuote(PAYLOAD)}; };;
      esac || { _k=plain; printf "" >"$_o"; };
      # What this shell cannot read (a variable that is readonly here) must not end every run.
      { _put && ( . "$_o.n" ) >/dev/null; } || { _k=plain; _y=unreadable; printf "" >"$_o"; _put; } && mv -f "$_o.n" "$_E"; _x=$?;
      rm -f "$_o" "$_o".*; return $_x;
    } 2>/dev/null;
    _ok=yes; ${refresh ? '' : '! _old ||'} _new || _ok=no;
    _was; _g=$PATH;
    [ -s "$_E" ] && . "$_E";
    umask $_u;
    _e DATA;
    printf "%s\\0" "$(uname -n)" "$(uname -sm)" "$_S" "$HOME" "\${USER:-\${LOGNAME:-$(id -un)}}" "$PATH"
      "$_g" "$_at" "$_k" "$_y" "$_ok" "$(awk "BEGIN { for (n in ENVIRON) print n }" </dev/null 2>/dev/null)";
    _e END;
    `,
  );
};
