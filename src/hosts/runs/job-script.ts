import { START_TIME } from '../shell/process-fragments.js';
import { oneLine } from '../shell/one-line.js';
import { shArguments, shExports, shPath, withNewline } from '../shell/sh-quote.js';
import { type DurableRun } from '../host.js';
import { BOOT, runPaths } from './claim-fragments.js';
import { FEEDER, INPUT_FILES } from './input-scripts.js';

/** Sets the login environment of the host as `environment()` has saved it. */
export const LOGIN_ENVIRONMENT = '[ -s "$HOME/.maestro/env.sh" ] && . "$HOME/.maestro/env.sh";';

/** `set --` was done: fails unless `$1` can be started. */
export const PROGRAM_IS_THERE =
  'case $1 in */*) [ -x "$1" ] && [ ! -d "$1" ];; *) command -v -- "$1" >/dev/null 2>&1;; esac';

/**
 * The supervisor of a run, leader of its session. It reads this script from its own stdin, answers the starter
 * through descriptor 3 and then depends on nobody. `tag` names the prompt file of this start.
 *
 * The program is exec'ed in a subshell: neither functions nor builtins of ours can be taken for it, and traps and
 * ignored signals are not inherited (HUP stays ignored). It runs in the foreground: after `&` it would ignore INT.
 */
export const jobScript = (run: DurableRun, tag: string): string => {
  const isInteractive = run.interactive === true;
  const litter = isInteractive ? `"$_P" ${INPUT_FILES}` : '"$_P"';
  return withNewline(
    oneLine(
      runPaths(run.id),
      `_P="$_F.in.${tag}"; _D=${shPath(run.cwd)};`,
      START_TIME,
      BOOT,
      `
      umask 077;
      # Creating the file exclusively is the claim: of any number of starts one gets past this line.
      set -C;
      { printf "" >"$_F.pid"; } 2>/dev/null || {
        if [ -e "$_F.pid" ]; then echo DUP >&3; else echo NOSPACE >&3; fi;
        rm -f "$_P"; exit 0; };
      set +C;
      trap "" HUP; trap : INT TERM QUIT;
      _bid; _stt $$;
      ${isInteractive ? FEEDER.prepare : ''}
      # The spools are there before anyone can read the identity.
      { printf "" >>"$_F.out" && printf "" >>"$_F.err" && echo "$$ $_st $_b $_h ." >>"$_F.pid"; } 2>/dev/null || {
        rm -f "$_F.pid" "$_F.out" "$_F.err" ${litter}; echo NOSPACE >&3; exit 0; };
      [ -e "$_F.fence" ] && { printf "" >"$_F.exit.fenced"; rm -f ${litter}; echo FENCED >&3; exit 0; };
      echo OK >&3; exec 3>&-;
      # Trailers first, then the record; the prompt file is renamed to the record when the disk is full.
      _end() {
        _c=$1;
        [ -e "$_F.cancel" ] && [ "$_c" -gt 128 ] 2>/dev/null && _c=$_c.cancelled;
        { echo "@@${run.nonce} END $_c" >>"$_F.err"; echo "@@${run.nonce} END $_c" >>"$_F.out"; } 2>/dev/null;
        ${isInteractive ? FEEDER.end : ''}
        { printf "" >"$_F.exit.$_c"; } 2>/dev/null || mv -f "$_P" "$_F.exit.$_c";
        rm -f ${litter}; exit 0; };
      umask $_u;
      `,
      LOGIN_ENVIRONMENT,
      shExports(run.env),
      `export MAESTRO_RUN=${run.id};`,
      'cd -- "$_D" 2>>"$_F.err" || _end 125.cwd;',
      shArguments(run.argv),
      `${PROGRAM_IS_THERE} || { printf "%s: command not found\\n" "$1" >>"$_F.err"; _end 127.notfound; };`,
      isInteractive ? FEEDER.start : '',
      `( exec "$@" ${isInteractive ? FEEDER.stdin : '<"$_P"'} >>"$_F.out" 2>>"$_F.err" );`,
      run.report === undefined ? '_end $?;' : `_c=$?; ${appendReport(run.report)} _end $_c;`,
    ),
  );
};

/** On a line of its own, whatever the last one ended with. It may be anything that the program has put there. */
const appendReport = (path: string): string => `
  _O=${shPath(path)};
  [ ! -f "$_O" ] || { echo; head -c ${REPORT_BYTES} "$_O" | tr "\\n" " "; echo; } >>"$_F.out" 2>/dev/null;`;
const REPORT_BYTES = 65_536;
