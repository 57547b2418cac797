import { say } from '../runs/claim-fragments.js';
import { newNonce } from './nonce.js';
import { oneLine } from './one-line.js';
import { shQuote } from './sh-quote.js';

/** Where programs are often put without any rc file saying so; `~` is the home directory, `*` one level. */
const PROGRAM_DIRECTORIES = [
  '~/.local/bin',
  '~/bin',
  '~/.claude/local',
  '~/.opencode/bin',
  '~/.cargo/bin',
  '~/.bun/bin',
  '~/.deno/bin',
  '~/go/bin',
  '~/.volta/bin',
  '~/.local/share/mise/shims',
  '~/.asdf/shims',
  '~/.local/share/fnm/aliases/default/bin',
  '~/.fnm/aliases/default/bin',
  '~/.nvm/current/bin',
  '~/.nvm/versions/node/*/bin',
  '~/n/bin',
  '~/.npm-global/bin',
  '~/.yarn/bin',
  '~/.local/share/pnpm',
  '~/.pyenv/shims',
  '~/.rbenv/shims',
  '~/.nix-profile/bin',
  '/opt/homebrew/bin',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/snap/bin',
  '/usr/bin',
  '/bin',
  '/usr/sbin',
  '/sbin',
];

/** Files that login and interactive shells read: a newer one makes the saved environment old. */
const RC_FILES = [
  ...['profile', 'bash_profile', 'bash_login', 'bashrc', 'zshenv', 'zprofile', 'zshrc', 'zlogin'],
  ...['cshrc', 'tcshrc', 'login', 'kshrc', 'mkshrc', 'config/fish/config.fish'],
].map((name) => `~/.${name}`);

const inHome = (paths: readonly string[]): string =>
  paths.map((path) => path.replace(/^~/, '"$HOME"')).join(' ');

/** The end of `env.sh`: appends to PATH what there is, so that new directories are found without asking again. */
const APPEND_PATH = oneLine(`
  _i=$IFS; IFS=:; set -- $_c; IFS=$_i;
  for _d in ${inHome(PROGRAM_DIRECTORIES)} "$@"; do
    [ -d "$_d" ] && case ":$PATH:" in *":$_d:"*) ;; *) PATH="$PATH:$_d";; esac;
  done;
  export PATH; unset _c _d _i;
`);

/** What describes the connection or the resolving shell, not the user's environment. */
const NOT_KEPT =
  'unset SSH_AUTH_SOCK SSH_CONNECTION SSH_CLIENT SSH_TTY PWD OLDPWD SHLVL TERM MAESTRO_RESOLVING_ENVIRONMENT;';

/** Fields of the answer, each ended by a NUL. */
export const ENVIRONMENT_FIELDS = ['hostname', 'os', 'shell', 'home', 'user', 'path'] as const;

/**
 * Resolves the environment that a person gets in a terminal, by the login shell as it reads all its files, and saves
 * it in `~/.maestro/env.sh` on the host, where commands and runs source it: its secrets do not travel. What was saved
 * is good for a day, while no rc file is newer.
 *
 * A shell that is silent for 10 s (it asks something, or starts a program) is killed; then it is asked as a login
 * shell that is not interactive; then there are only the usual directories.
 */
export const environmentScript = (nonce: string, refresh: boolean): string => {
  const tag = newNonce();
  const payload = `exec /bin/sh -c 'unset IFS; echo @@${tag}-ENV; echo umask \`umask\`; export -p; echo @@${tag}-END'`;
  return oneLine(
    say(nonce),
    `
    exec 7<&0; _S=\${SHELL:-/bin/sh}; _H="$HOME/.maestro"; _E="$_H/env.sh"; _o="$_E.${tag}";
    _u=$(umask); umask 077;
    _old() {
      [ -s "$_E" ] && [ -n "$(find "$_E" -mtime -1 2>/dev/null)" ] || return 0;
      for _f in ${inHome(RC_FILES)} /etc/profile /etc/environment; do [ "$_f" -nt "$_E" ] && return 0; done;
      return 1;
    };
    _ask() {
      MAESTRO_RESOLVING_ENVIRONMENT=1 TERM=dumb $_l "$_S" $1 ${shQuote(payload)} </dev/null >"$_o" 2>/dev/null 7<&- & _x=$!;
      ( trap "kill \\$_s; exit" TERM; sleep 10 & _s=$!; wait $_s; kill -KILL -$_x || kill -KILL $_x ) </dev/null >/dev/null 2>&1 7<&- & _w=$!;
      wait $_x; kill $_w;
      grep -q "^@@${tag}-END$" "$_o";
    };
    _put() {
      { echo ${shQuote('_c=$PATH;')};
        sed -n "/@@${tag}-ENV$/,/^@@${tag}-END$/{/@@${tag}-/d;/^export SHELLOPTS=/d;/^export BASHOPTS=/d;p;}" "$_o";
        printf "%s\\n" ${shQuote(NOT_KEPT)} ${shQuote(APPEND_PATH)}; } >"$_o.n";
    };
    _new() {
      mkdir -p "$_H" || return 1;
      _l=;
      if command -v setsid >/dev/null; then _l=setsid;
      elif command -v perl >/dev/null; then _l="perl -MPOSIX -e POSIX::setsid();exec(@ARGV)"; fi;
      case \${_S##*/} in csh|tcsh) _ask -c;; *) _ask -ilc || _ask -lc;; esac || printf "" >"$_o";
      # What this shell cannot read (a variable that is readonly here) must not end every run.
      { _put && ( . "$_o.n" ) >/dev/null; } || { printf "" >"$_o"; _put; } && mv -f "$_o.n" "$_E";
      rm -f "$_o" "$_o.n";
    } 2>/dev/null;
    ${refresh ? '' : '! _old ||'} _new;
    [ -s "$_E" ] && . "$_E";
    umask $_u;
    _e DATA;
    printf "%s\\0" "$(uname -n)" "$(uname -sm)" "$_S" "$HOME" "\${USER:-\${LOGNAME:-$(id -un)}}" "$PATH";
    _e END;
    `,
  );
};
