import { SLEEP, START_TIME } from '../shell/process-fragments.js';
import { oneLine } from '../shell/one-line.js';
import { BOOT, CLAIM, SETTLE, UNWRITABLE, runPaths, say } from './claim-fragments.js';

/**
 * How the stdin of an interactive run stays open.
 *
 *     F.input  all bytes given so far: the prompt file of the start that won, and what was sent since
 *     F.bell   a named pipe: a line in it says that there is more, or that there will be no more
 *     F.pipe   a named pipe: the stdin of the program
 *     F.eof    there will be no more
 *
 * The feeder copies `F.input` into `F.pipe`, and sleeps in a read of the bell between. Of that only the supervisor has
 * an end to write to: should it die, the feeder reads the end, and so does the program.
 */
export const INPUT_FILES = '"$_F.bell" "$_F.pipe" "$_F.eof"';

/** The parts of the supervisor of an interactive run. */
export const FEEDER = {
  /** Before its identity can be read: who can read it can send. */
  prepare: `
    { mkfifo "$_F.bell" "$_F.pipe" && mv -f "$_P" "$_F.input"; } 2>/dev/null || {
      # A full disk has no room for a byte either.
      _x=NOPIPE; { echo >"$_F.pid"; } 2>/dev/null || _x=NOSPACE;
      rm -f "$_F.pid" "$_P" ${INPUT_FILES}; echo $_x >&3; exit 0; };
    _P="$_F.input"; exec 8<>"$_F.bell";`,
  /**
   * That there will be no more is looked at before the copy: what was sent before that is copied. The variables of the
   * login and of the run are the program's, not ours.
   */
  start: `
    ( exec 3<"$_F.input" 9<"$_F.bell" 8<&- >"$_F.pipe" 2>/dev/null;
      unset IFS TMOUT; PATH=$PATH:/usr/bin:/bin; _k=;
      trap 'kill $_k; exit' TERM;
      while :; do
        _x=; [ ! -e "$_F.eof" ] || _x=1;
        cat <&3 & _k=$!; wait $_k || break;
        [ -z "$_x" ] || break;
        IFS= read -r _l <&9 || break;
      done ) </dev/null & _k=$!;`,
  stdin: '<"$_F.pipe" 8<&-',
  /** After the last word: nobody waits for it. A program may have left others behind that keep its stdin open. */
  end: 'exec 8<&-; [ -z "$_k" ] || { kill $_k; wait $_k; } 2>/dev/null;',
};

const inputScript = (id: string, nonce: string, change: string): string =>
  oneLine(
    say(nonce),
    runPaths(id),
    SLEEP,
    START_TIME,
    BOOT,
    CLAIM,
    UNWRITABLE,
    '_bid;',
    SETTLE,
    `
    _fin; { [ -z "$_X" ] && _al; } || { _e OVER; exit 0; };
    [ -p "$_F.bell" ] || { _fin; if [ -n "$_X" ]; then _e OVER; else _e ERR closed; fi; exit 0; };
    umask 077;
    ${change}
    { exec 6<>"$_F.bell"; } 2>/dev/null; echo >&6;
    # It may have ended, and been removed, since: then this is all that is left of it.
    _fin; { [ -z "$_X" ] && [ -e "$_F.pid" ]; } || rm -f "$_F.input" ${INPUT_FILES};
    _e DONE;
    `,
  );

/**
 * Writes the `size` bytes on stdin at their place in the input. The same bytes always have the same place, so it does
 * not matter how often, by how many at once or up to where they are written: it needs no lock.
 *
 * Answers `DONE`, `OVER` when the run has ended, `ERR gap` when bytes before `at` are missing, `ERR closed` when the run
 * is not interactive.
 */
export const sendScript = (id: string, nonce: string, at: number, size: number): string =>
  inputScript(
    id,
    nonce,
    `
    # How much there is; nothing when the run has just ended.
    _got() { _n=$(wc -c <"$_F.input"); [ -n "$_n" ] || { _e OVER; exit 0; }; };
    _got;
    [ $_n -ge ${at} ] || { _e ERR gap; exit 0; };
    exec 6<>"$_F.input";
    dd bs=1 seek=${at} conv=notrunc </dev/null >&6 2>/dev/null;
    { head -c ${size} >&6; } 2>/dev/null || _un;
    _got;
    [ $_n -ge ${at + size} ] || { _e ERR short; exit 0; };
    `,
  );

/** The program reads the end of its input after all that was sent before. Answers as `sendScript`. */
export const closeInputScript = (id: string, nonce: string): string =>
  inputScript(id, nonce, '{ printf "" >"$_F.eof"; } 2>/dev/null || _un;');
