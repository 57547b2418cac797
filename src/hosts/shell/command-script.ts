import { type Command } from '../host.js';
import { LOGIN_ENVIRONMENT, PROGRAM_IS_THERE } from '../runs/job-script.js';
import { runPaths, say, UNWRITABLE } from '../runs/claim-fragments.js';
import { newNonce } from './nonce.js';
import { oneLine } from './one-line.js';
import { KIN, SLEEP } from './process-fragments.js';
import { shArguments, shExports, shPath, withNewline } from './sh-quote.js';

/**
 * Runs a program to its end with both streams on the channel: `END code`, or `ERR cwd|notfound|short|nospace|readonly|missing`.
 *
 * Its stdin is a file that has no name any more, so that the channel's stdin stays free for one purpose: when it
 * ends (deadline, abort, link or server gone), the watcher stops all that the program has started, in whatever
 * session: TERM, after 1 s KILL. Only then the answer is given.
 */
export const commandScript = (
  { argv, env = {}, cwd = '~' }: Command,
  nonce: string,
  stdinBytes: number,
): string => {
  // The mark is in the environment of programs, which may print it; the nonce of the channel must stay unknown.
  const tag = newNonce();
  const receive =
    stdinBytes === 0
      ? 'exec 6</dev/null;'
      : `
        ${runPaths(tag)} ${UNWRITABLE}
        _u=$(umask); umask 077; mkdir -p "$_R" 2>/dev/null;
        { head -c ${stdinBytes} >"$_F.in"; } 2>/dev/null || { rm -f "$_F.in" 2>/dev/null; _un; };
        [ $(($(wc -c <"$_F.in"))) -eq ${stdinBytes} ] || { rm -f "$_F.in"; _e ERR short; exit 0; };
        exec 6<"$_F.in"; rm -f "$_F.in"; umask $_u;`;
  return withNewline(
    oneLine(
      'exec 7<&0;',
      say(nonce),
      SLEEP,
      KIN,
      `_D=${shPath(cwd)};`,
      receive,
      LOGIN_ENVIRONMENT,
      shExports(env),
      'cd -- "$_D" 2>/dev/null || { _e ERR cwd; exit 0; };',
      shArguments(argv),
      `${PROGRAM_IS_THERE} || { _e ERR notfound; exit 0; };`,
      `
      ( while read -r _x; do :; done;
        trap "" TERM; exec 6<&-;
        _W=MAESTRO_CALL=${tag}; _K=; _G=-; _J=; _i=0;
        while _kin; [ -n "$_K" ] && [ $_i -lt 50 ]; do
          case $_i in 0) _s=TERM;; [1-9]) _s=;; *) _s=KILL;; esac;
          [ -z "$_s" ] || for _t in $_K; do kill -$_s \${_t%%,*}; done;
          _i=$((_i+1)); _zz 0.1;
        done ) <&7 >/dev/null 2>&1 & _w=$!;
      exec 7<&-; _e DATA both; _e DATA >&2; exec 8>&2 2>/dev/null;
      ( export MAESTRO_CALL=${tag}; exec "$@" <&6 2>&8 6<&- 8>&- ); _c=$?;
      exec 6<&-; _e END >&8; exec 8>&-;
      kill $_w; wait $_w; _e END $_c;
      `,
    ),
  );
};
