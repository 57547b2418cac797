import { createHash } from 'node:crypto';

import { HostFailure } from '../host-errors.js';
import { type RunFile, type RunKey } from '../host.js';
import { oneLine } from '../shell/one-line.js';
import { UNWRITABLE, runPaths, say } from './claim-fragments.js';

/** The name comes from the nonce, which nobody may learn who only sees the directory. */
const nameOf = ({ nonce }: RunKey): string =>
  createHash('sha256').update(`files of ${nonce}`).digest('hex').slice(0, 16);

/**
 * Where `DurableRuns.put` puts the files of a run: a directory of its own, absolute, with a name that nobody guesses.
 *
 * @param home the home directory of the user on the host, as its environment tells it.
 */
export const runDirectory = (home: string, run: RunKey): string =>
  `${home}/.maestro/runs/${run.id}.files/${nameOf(run)}`;

/**
 * Receives all files as one, because `head` may read further than it is told, and takes them apart then. A run that was
 * begun, or never will be, needs none.
 */
export const putScript = (run: RunKey, nonce: string, files: readonly RunFile[]): string => {
  let end = 0;
  const parts = files.map(({ name, content }) => {
    const start = end;
    end += content.length;
    return `_put ${plain(name)} ${start + 1} ${content.length};`;
  });
  return oneLine(
    say(nonce),
    runPaths(run.id),
    UNWRITABLE,
    `
    for _x in pid fence; do [ ! -e "$_F.$_x" ] || { _e DONE; exit 0; }; done;
    umask 077; _d="$_F.files/${nameOf(run)}"; _t="$_d/.${nonce}";
    _no() { rm -f "$_t" "$_t.1"; _un; };
    _is() { [ $(($(wc -c <"$1"))) -eq $2 ]; };
    { mkdir -p "$_d" && chmod 700 "$_F.files" "$_d"; } 2>/dev/null || _un;
    { ${end === 0 ? 'printf ""' : `head -c ${end}`} >"$_t"; } 2>/dev/null || _no;
    _is "$_t" ${end} || { rm -f "$_t"; _e ERR short; exit 0; };
    _put() {
      if [ $3 = 0 ]; then printf "" >"$_t.1"; else tail -c +$2 "$_t" | head -c $3 >"$_t.1"; fi 2>/dev/null;
      { _is "$_t.1" $3 && mv -f "$_t.1" "$_d/$1"; } 2>/dev/null || _no; };`,
    ...parts,
    'rm -f "$_t"; _e DONE;',
  );
};

/** A name becomes part of a script. */
const plain = (name: string): string => {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/.test(name)) return name;
  throw new HostFailure('host/protocol', `Not a plain name of a file: ${JSON.stringify(name)}`);
};
