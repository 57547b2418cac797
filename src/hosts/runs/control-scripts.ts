import { KIN, PROCESS_TABLE, SLEEP, START_TIME } from '../shell/process-fragments.js';
import { oneLine } from '../shell/one-line.js';
import { BOOT, CLAIM, SETTLE, UNWRITABLE, runPaths, say } from './claim-fragments.js';

const prelude = (id: string, nonce: string): string =>
  oneLine(say(nonce), runPaths(id), SLEEP, START_TIME, BOOT, CLAIM, '_bid;');

/** `_rm DIRECTORY`: also what a program has made unwritable in it. */
const REMOVE_FILES =
  '_rm() { rm -rf "$1" 2>/dev/null || { chmod -R u+rwx "$1"; rm -rf "$1"; } 2>/dev/null; };';

/** Answers `RUNNING`, `EXIT record`, `LOST cause`, `NONE`, `NEVER` or `WRONGHOST name`. */
export const statusScript = (id: string, nonce: string): string =>
  oneLine(
    prelude(id, nonce),
    PROCESS_TABLE,
    SETTLE,
    `
    _fin;
    [ -n "$_X" ] || _al || {
      _fin;
      [ -n "$_X" ] || {
        [ "$_b" = "$_pb" ] || { _e LOST rebooted; exit 0; };
        # A group in use keeps its number, unless the number was given to another leader since.
        _c=killed; _tab;
        for _t in $_T; do
          case $_t in
            $_p,*) _c=killed; break;;
            *,*,$_p,*) _c=orphaned;;
          esac;
        done;
        _e LOST $_c; exit 0; }; };
    if [ -n "$_X" ]; then _e EXIT $_X; else _e RUNNING; fi;
    `,
  );

/**
 * Ends a run: `GONE` when nothing of it is left, else `STUCK pid...`. `intTicks` and `termTicks` are how often it
 * looks before it goes from INT to TERM and from TERM to KILL.
 *
 * INT and TERM go to the whole group at once, and one by one to what has left it. KILL spares the supervisor, so
 * that it can still record the exit; if it does not, the record is made here.
 */
export const cancelScript = (
  id: string,
  nonce: string,
  ticks: { tick: string; intTicks: number; termTicks: number; killTicks: number },
): string =>
  oneLine(
    prelude(id, nonce),
    UNWRITABLE,
    KIN,
    `
    { printf "" >"$_F.cancel"; } 2>/dev/null || _un;
    _rp || {
      { printf "" >"$_F.fence"; } 2>/dev/null || _un;
      _rp || { _e GONE; exit 0; }; };
    [ "$_b" = "$_pb" ] || {
      [ "$_h" = "$_ph" ] || { _e WRONGHOST $_ph; exit 0; };
      _e GONE; exit 0; };
    _W=MAESTRO_RUN=${id}; _K=; _G=; _J=;
    _al && _J=$_p;
    _stt $_p;
    if [ "$_st" = "$_ps" ]; then _G=$_p; elif ! kill -0 $_p 2>/dev/null; then _G=$_p; fi;
    # Looks until nothing is left (true) or the ticks are used up.
    _gone() {
      _i=0;
      while :; do
        _kin;
        [ -n "$_K" ] || { [ -n "$_J" ] && _al; } || return 0;
        [ $_i -lt $2 ] || return 1;
        [ $1 != KILL ] || {
          for _t in $_K; do kill -KILL \${_t%%,*}; done;
          [ $_i -lt 10 ] || [ -n "$_K" ] || kill -KILL $_J; };
        _i=$((_i+1)); _zz ${ticks.tick};
      done; };
    _stop() {
      for _s in INT,${ticks.intTicks} TERM,${ticks.termTicks}; do
        [ -z "$_G" ] || kill -\${_s%,*} -$_G;
        for _q in $_U; do kill -\${_s%,*} $_q; done;
        _gone \${_s%,*} \${_s#*,} && return 0;
      done;
      _gone KILL ${ticks.killTicks}; };
    _kin;
    if { [ -z "$_K" ] && [ -z "$_J" ]; } || _stop 2>/dev/null; then
      # Another cancel may have answered before, and the run been removed: then the record would be all there is of it.
      _fin; [ -n "$_X" ] || [ ! -e "$_F.pid" ] || {
        { printf "" >"$_F.exit.137.cancelled"; } 2>/dev/null;
        [ -e "$_F.pid" ] || rm -f "$_F.exit.137.cancelled"; };
      _e GONE;
    else
      _P=; for _t in $_K; do _P="$_P \${_t%%,*}"; done;
      _e STUCK $_P;
    fi;
    `,
  );

/**
 * `DONE`, or `BUSY` while the supervisor lives (it exits just after its last word: so this looks for a while). The fence
 * of a run that did not run stays: its supervisor, or another start, may yet wake up, and must find it.
 */
export const removeScript = (id: string, nonce: string, fence: boolean): string =>
  oneLine(
    prelude(id, nonce),
    UNWRITABLE,
    REMOVE_FILES,
    `
    _i=0;
    while _rp && _al; do
      [ $_i -lt 20 ] || { _e BUSY; exit 0; };
      _i=$((_i+1)); _zz 0.1;
    done;
    _fin;
    _k=1; if _rp || [ -n "$_X" ]; then [ "$_X" = fenced ] || _k=; fi;
    ${fence ? '_k=1; { printf "" >"$_F.fence"; } 2>/dev/null || _un;' : ''}
    # The claim first: a cancel that is still at it looks for that after it has written.
    rm -f "$_F.pid";
    _rm "$_F.files"; if [ -z "$_k" ]; then rm -f "$_F".*; else
      for _f in "$_F".*; do case $_f in *.fence) ;; *) rm -f "$_f";; esac; done;
    fi;
    _e DONE;
    `,
  );

/** Removes all that belongs to runs that are not alive, not kept, and of which no file changed for `days`. `DONE count`. */
export const collectScript = (days: number, keep: readonly string[], nonce: string): string =>
  oneLine(
    prelude('none', nonce),
    PROCESS_TABLE,
    REMOVE_FILES,
    `
    _tab; _n=0; _k=" ${keep.join(' ')} ";
    cd "$_R" 2>/dev/null && for _f in $(find . ! -name . -prune -mtime +${days} 2>/dev/null); do
      _f=\${_f#./}; _r=\${_f%%.*}; _F="$_R/$_r";
      case $_k in *" $_r "*) continue;; esac;
      [ -e "$_R/$_f" ] || continue;
      [ -z "$(find . ! -name . -prune -name "$_r.*" -mtime -${days + 1} 2>/dev/null)" ] || continue;
      # Whoever is left of its group counts as alive, and what another machine with the same home has begun may be.
      if _rp; then
        if [ "$_b" = "$_pb" ]; then case $_T in *,$_p,*) continue;; esac;
        else [ "$_h" = "$_ph" ] || continue; fi;
      fi;
      _rm "$_F.files"; rm -f "$_F".*; _n=$((_n+1));
    done;
    _e DONE $_n;
    `,
  );
