import { z } from 'zod';

import { START_TIME } from '../shell/process-fragments.js';
import { oneLine } from '../shell/one-line.js';
import { UNWRITABLE, runPaths, say } from './claim-fragments.js';
import { DETACH, LAUNCHERS } from './launchers.js';

/**
 * What durable runs need to know of a host, found by trying, not by its name.
 *
 * - `follow`: `g` tail of GNU, `b` tail of BSD, `p` polling (busybox, and where nobody reaps dead processes)
 * - `launch`: how a process leaves us (`launchers.ts`)
 * - `tick`: `0.1` where `sleep` takes fractions, else `1`
 */
export const probeFacts = z.object({
  follow: z.enum(['g', 'b', 'p']),
  launch: z.enum(LAUNCHERS),
  tick: z.enum(['0.1', '1']),
});
export type ProbeFacts = z.infer<typeof probeFacts>;

/** Makes the private directory of the runs and answers `PROBE follow launch tick`, or `ERR reason`. */
export const probeScript = (nonce: string): string =>
  oneLine(
    say(nonce),
    runPaths('.probe.' + nonce),
    START_TIME,
    UNWRITABLE,
    `
    umask 077;
    mkdir -p "$_R" 2>/dev/null; chmod 700 "$HOME/.maestro" "$_R" 2>/dev/null;
    [ -d "$_R" ] || {
      _x="$HOME/.maestro"; [ -e "$_x" ] || _x=$HOME;
      if [ -d "$_x" ] && [ -w "$_x" ] && [ ! -e "$_R" ]; then _e ERR nospace; else _e ERR readonly; fi; exit 0; };
    { echo . >"$_F"; } 2>/dev/null || _un;
    rm -f "$_F";
    _m=p;
    case $(tail --version 2>/dev/null) in
      *GNU*) _m=g;;
      *) case $(uname -s) in Darwin|*BSD) _m=b;; esac;;
    esac;
    _z=1; sleep 0.01 2>/dev/null && _z=0.1;
    # A launched process must be a group of its own that INT ends.
    _dead() { _i=0; while [ $_i -lt 20 ]; do
      kill -0 $_k 2>/dev/null || return 0;
      _stt $_k; case $_sz in [ZX]*) return 0;; esac;
      sleep $_z; _i=$((_i+1)); done; return 1; };
    _try() {
      case $_k in ""|*[!0-9]*) return 1;; esac;
      _i=0; until kill -0 -$_k 2>/dev/null; do [ $_i -lt 5 ] || return 1; sleep $_z; _i=$((_i+1)); done;
      { kill -INT -$_k; _dead; } || { kill -KILL $_k; return 1; };
      kill -KILL -$_k 2>/dev/null; _l=$1; };
    _l=N; _s="exec sleep 9 3>&-"; _a="echo \\$\\$ >&3; $_s";
    command -v setsid >/dev/null && {
      _k=$(echo "$_a" | ${DETACH.F}); _try F;
      [ $_l != N ] || { _k=$( { echo "$_a" | ${DETACH.S}; } 2>/dev/null); _try S; }; };
    [ $_l = N ] && { _k=$(set -m; /bin/sh -c "$_s" >/dev/null 2>&1 & echo $!) 2>/dev/null; _try M; };
    [ $_l = N ] && command -v perl >/dev/null && { _k=$(echo "$_a" | ${DETACH.P}); _try P; };
    [ $_l = N ] && { _e ERR launch; exit 0; };
    _e PROBE $_m $_l $_z;
    `,
  );
