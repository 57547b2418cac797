import { type RunOffsets } from '../host.js';
import { SLEEP, START_TIME } from '../shell/process-fragments.js';
import { oneLine } from '../shell/one-line.js';
import { BOOT, CLAIM, SETTLE, runPaths, say } from './claim-fragments.js';
import { type ProbeFacts } from './probe-script.js';

/** Functions of a script that starts or follows a run. Descriptor 7 is the way to the client. */
export const followPrelude = (id: string, nonce: string): string =>
  oneLine('exec 7<&0;', say(nonce), runPaths(id), SLEEP, START_TIME, BOOT, CLAIM);

/**
 * Sends both spools from the offsets on, raw, until the run is over or the client has gone; then
 * `FIN record|LOST size size` (the trailers in the spools mostly tell the end before).
 *
 * The final record is looked at before the last read: so the last byte is never missed. The watcher ends the
 * follower when the client closes its side; some servers would go on sending.
 */
export const followTail = ({ follow }: ProbeFacts, from: RunOffsets): string => {
  const tails = (flags: string): string => `
    tail -c +${from.stdout + 1} ${flags} "$_F.out" 2>/dev/null 7<&- & _t=$!;
    tail -c +${from.stderr + 1} ${flags} "$_F.err" >&2 2>/dev/null 7<&- & _v=$!;`;
  const watched = `
    ( while read -r _x; do :; done; kill $_t $_v ) <&7 >/dev/null 2>&1 & _w=$!;
    wait $_t; wait $_v; kill $_w 2>/dev/null;`;
  const live = {
    g: `${tails('-f -s 0.2 --pid=$_p')} ${watched}`,
    b: `${tails('-f')}
      ( while _zz 2; do _fin; [ -z "$_X" ] && kill -0 $_p || break; done; _zz 0.3; kill $_t $_v ) </dev/null >/dev/null 2>&1 7<&- & _y=$!;
      ${watched} kill $_y 2>/dev/null;`,
    p: `
      exec 3<"$_F.out" 4<"$_F.err";
      ( while read -r _x; do :; done; kill $$ ) <&7 >/dev/null 2>&1 3<&- 4<&- & _w=$!;
      tail -c +${from.stdout + 1} <&3; tail -c +${from.stderr + 1} <&4 >&2;
      while :; do
        _d=; _fin; [ -n "$_X" ] || _al || { _d=1; _fin; };
        cat <&3; cat <&4 >&2;
        [ -z "$_X$_d" ] || break;
        _zz 0.1;
      done;
      kill $_w 2>/dev/null;`,
  }[follow];
  return oneLine(
    SETTLE,
    '_e HELLO; _e HELLO >&2;',
    '_fin; [ -n "$_X" ] || _al || { _fin; _X=${_X:-LOST}; };',
    `if [ -n "$_X" ]; then ${tails('')} ${watched} else ${live} fi;`,
    '[ -n "$_X" ] && [ "$_X" != LOST ] || _fin;',
    '[ -n "$_X" ] || _al || { _fin; _X=${_X:-LOST}; };',
    '[ -z "$_X" ] || _e FIN $_X $(($(wc -c <"$_F.out"))) $(($(wc -c <"$_F.err")));',
  );
};

export const attachScript = (
  id: string,
  nonce: string,
  facts: ProbeFacts,
  from: RunOffsets,
): string => oneLine(followPrelude(id, nonce), '_bid;', followTail(facts, from));
