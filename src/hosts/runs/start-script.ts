import { type DurableRun, type RunOffsets } from '../host.js';
import { newNonce } from '../shell/nonce.js';
import { oneLine } from '../shell/one-line.js';
import { printfEscape } from '../shell/sh-quote.js';
import { UNWRITABLE } from './claim-fragments.js';
import { followPrelude, followTail } from './follow-script.js';
import { jobScript } from './job-script.js';
import { DETACH, type Launcher } from './launchers.js';
import { type ProbeFacts } from './probe-script.js';

/** A prompt up to this size is read by the shell itself, byte by byte; a longer one costs two forks instead. */
const INLINE_BYTES = 4096;

const SCRIPT = 'printf "_u=%s; %s\\n" "$_u" "$_J"';

/** The answer comes through descriptor 3: `$( )` returns when the supervisor closes it, without polling. */
const LAUNCH: Record<Launcher, string> = {
  F: `$(${SCRIPT} | ${DETACH.F})`,
  S: `$( { ${SCRIPT} | ${DETACH.S}; } 2>/dev/null)`,
  P: `$(${SCRIPT} | ${DETACH.P})`,
  // Here the script cannot come through a pipe; the file is the first thing it removes.
  M: '$(printf "_u=%s; rm -f \\"\\$0\\"; %s\\n" "$_u" "$_J" >"$_P.j"; set -m; /bin/sh "$_P.j" 3>&1 >/dev/null 2>&1 </dev/null 7<&- &)',
};

/** What a start sends: the script, the line of the supervisor, the prompt. A cut upload starts nothing. */
export const startUpload = (
  run: DurableRun,
  nonce: string,
  facts: ProbeFacts,
  from: RunOffsets,
): (string | Buffer)[] => {
  const tag = newNonce();
  const inline = run.stdin.length <= INLINE_BYTES ? printfEscape(run.stdin) : null;
  const receive =
    inline === null
      ? `
        if [ -e "$_F.pid" ]; then
          head -c ${run.stdin.length} >/dev/null; _P=;
        else
          { head -c ${run.stdin.length} >"$_P"; } 2>/dev/null || { rm -f "$_P"; _un; };
          [ $(($(wc -c <"$_P"))) -eq ${run.stdin.length} ] || { rm -f "$_P"; _e ERR short; exit 0; };
        fi;`
      : `
        IFS= read -r _Q || exit 0;
        if [ -e "$_F.pid" ]; then _P=; else { printf "%b" "$_Q" >"$_P"; } 2>/dev/null || { rm -f "$_P"; _un; }; fi;`;
  const script = oneLine(
    followPrelude(run.id, nonce),
    UNWRITABLE,
    `
    _P="$_F.in.${tag}"; _u=$(umask); umask 077;
    IFS= read -r _J || exit 0;
    ${receive}
    _A=DUP; [ -z "$_P" ] || _A=${LAUNCH[facts.launch]};
    case $_A in
      OK|DUP) _e ACK $_A;;
      FENCED) _e NEVER; exit 0;;
      NOSPACE) _un;;
      NOPIPE) _e ERR pipe; exit 0;;
      *) rm -f "$_P" "$_P.j"; _e ERR launch; exit 0;;
    esac;
    _bid;`,
    followTail(facts, from),
  );
  return [`${script}\n`, `${jobScript(run, tag)}\n`, inline === null ? run.stdin : `${inline}\n`];
};
