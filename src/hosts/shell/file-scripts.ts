import { say } from '../runs/claim-fragments.js';
import { oneLine } from './one-line.js';
import { shPath, withNewline } from './sh-quote.js';

/** GNU and busybox take a format by `-c`, BSD by `-f`: the mode in hex, size, seconds, name. */
const STAT = `
  if stat -c %f / >/dev/null 2>&1; then _a=-c; _y="%f %s %Y %n"; else _a=-f; _y="%Xp %z %m %N"; fi;`;

/** Follows the links of `$_f` itself; the directories before it are left to `cd -P`. */
const FOLLOW_LINKS = `
  _i=0;
  while [ -L "$_f" ] && [ $_i -lt 40 ]; do
    _x=$(readlink "$_f"; echo .); _x=\${_x%?.}; _i=$((_i+1));
    case $_x in /*) _f=$_x;; *) _f="\${_f%/*}/$_x";; esac;
  done;`;

const script = (nonce: string, path: string, ...parts: string[]): string =>
  withNewline(oneLine(say(nonce), `_f=${shPath(path)};`, ...parts));

export const readScript = (path: string, nonce: string): string =>
  script(
    nonce,
    path,
    `
    [ -e "$_f" ] || { _e ERR missing; exit 0; };
    [ -f "$_f" ] || { _e ERR notfile; exit 0; };
    [ -r "$_f" ] || { _e ERR denied; exit 0; };
    _e DATA; cat <"$_f" && _e END OK || _e END ERR failed;
    `,
  );

/**
 * Receives exactly `size` bytes beside the file and puts them in its place. The temporary file begins as a copy, for
 * mode and owner. With `ifMatch` the current content is hashed here, just before the rename; with null the
 * new file is linked, which fails when the name is taken.
 */
export const writeScript = (
  path: string,
  nonce: string,
  { size, mode, ifMatch }: { size: number; mode?: number; ifMatch?: string | null },
): string => {
  const check =
    ifMatch === undefined
      ? ''
      : ifMatch === null
        ? '[ ! -e "$_f" ] || _no changed;'
        : `
          [ -e "$_f" ] || _no changed;
          if command -v sha256sum >/dev/null; then _x=$(sha256sum <"$_f");
          elif command -v shasum >/dev/null; then _x=$(shasum -a 256 <"$_f");
          elif command -v sha256 >/dev/null; then _x=$(sha256 <"$_f");
          else _no nohash; fi;
          case $_x in ${ifMatch}*) ;; *) _no changed;; esac;`;
  const place =
    ifMatch === null
      ? '{ ln "$_t" "$_f" && rm -f "$_t"; } 2>/dev/null || { [ ! -e "$_f" ] || _no changed; mv -f "$_t" "$_f"; } 2>/dev/null || _no failed;'
      : 'mv -f "$_t" "$_f" 2>/dev/null || _no failed;';
  return script(
    nonce,
    path,
    FOLLOW_LINKS,
    `
    _d=\${_f%/*}; _d=\${_d:-/}; _t="$_d/.maestro.${nonce.slice(0, 8)}.tmp";
    _no() { rm -f "$_t"; _e ERR $1; exit 0; };
    [ ! -d "$_f" ] || _no notfile;
    [ -d "$_d" ] || mkdir -p -- "$_d" 2>/dev/null || {
      _x=$_d; until [ -e "$_x" ] || [ -z "$_x" ]; do _x=\${_x%/*}; done;
      [ -d "\${_x:-/}" ] || _no notdir; [ -w "\${_x:-/}" ] || _no denied; _no nospace; };
    [ -w "$_d" ] || _no denied;
    if [ -e "$_f" ]; then cp -p -- "$_f" "$_t" 2>/dev/null || _no failed; [ -w "$_t" ] || chmod u+w "$_t"; fi;
    { ${size === 0 ? 'printf ""' : `head -c ${size}`} >"$_t"; } 2>/dev/null || _no nospace;
    [ $(($(wc -c <"$_t"))) -eq ${size} ] || _no short;
    ${mode === undefined ? '' : `chmod ${mode.toString(8)} "$_t" 2>/dev/null || _no failed;`}
    ${check}
    ${place}
    _e END OK;
    `,
  );
};

/** Records `l|t hex size seconds ./name`, for the entry itself and for what it leads to. */
export const listScript = (path: string, nonce: string): string =>
  script(
    nonce,
    path,
    `
    [ -e "$_f" ] || { _e ERR missing; exit 0; };
    [ -d "$_f" ] || { _e ERR notdir; exit 0; };
    { [ -r "$_f" ] && cd -- "$_f"; } 2>/dev/null || { _e ERR denied; exit 0; };
    ${STAT}
    _e DATA;
    find . ! -name . -prune -exec stat $_a "l $_y" {} + -exec stat -L $_a "t $_y" {} + 2>/dev/null;
    _e END OK;
    `,
  );

/** Data: `hex size seconds NUL real path`. A link that leads nowhere is described itself. */
export const statScript = (path: string, nonce: string): string =>
  script(
    nonce,
    path,
    STAT,
    `
    if [ -e "$_f" ]; then _k=-L; elif [ -L "$_f" ]; then _k=; else _e END NONE; exit 0; fi;
    _s=$(stat $_k $_a "\${_y% *}" "$_f" 2>/dev/null) || { _e END ERR denied; exit 0; };
    ${FOLLOW_LINKS}
    if [ -d "$_f" ]; then cd -P -- "$_f"; _n=; else _n=/\${_f##*/}; _f=\${_f%/*}; cd -P -- "\${_f:-/}"; fi 2>/dev/null;
    _p=$PWD; [ -z "$_n" ] || _p=\${_p%/};
    _e DATA; printf "%s\\0%s%s" "$_s" "$_p" "$_n"; _e END OK;
    `,
  );
