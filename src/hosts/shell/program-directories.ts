import { oneLine } from './one-line.js';

/**
 * Where programs are often put without any rc file saying so, as words of POSIX sh: those of the user, the tools
 * that install them first. `*` is one level. What a tool's own variable says wins over where it puts things by default.
 */
const OF_THE_USER = [
  '"$HOME"/.local/bin',
  '"$HOME"/bin',
  '"$HOME"/.claude/local',
  '"$HOME"/.opencode/bin',
  '"${CARGO_HOME:-$HOME/.cargo}"/bin',
  '"${BUN_INSTALL:-$HOME/.bun}"/bin',
  '"${DENO_INSTALL_ROOT:-${DENO_INSTALL:-$HOME/.deno}/bin}"',
  '"${GOPATH:-$HOME/go}"/bin',
  '"${VOLTA_HOME:-$HOME/.volta}"/bin',
  '"${MISE_DATA_DIR:-$HOME/.local/share/mise}"/shims',
  '"${ASDF_DATA_DIR:-$HOME/.asdf}"/shims',
  '"$HOME"/.asdf/bin',
  '"$_f"/aliases/default/bin',
  '"$HOME"/.fnm/aliases/default/bin',
  '"$HOME/Library/Application Support/fnm/aliases/default/bin"',
  '"$_n"/current/bin',
  '"$_n/versions/node/v$_v/bin"',
  '"$_n/versions/node/v$_v".*/bin',
  '$_r',
  '"${N_PREFIX:-$HOME/n}"/bin',
  '"$HOME"/.npm-global/bin',
  '"$HOME"/.yarn/bin',
  '"${PNPM_HOME:-$HOME/.local/share/pnpm}"',
  '"${PNPM_HOME:-$HOME/.local/share/pnpm}"/bin',
  '"$HOME"/Library/pnpm',
  '"$HOME"/.pyenv/shims',
  '"$HOME"/.rbenv/shims',
  '"$HOME"/.nix-profile/bin',
  '"$HOME"/.linuxbrew/bin',
];

const OF_THE_SYSTEM = [
  ...['/opt/homebrew/bin', '/opt/homebrew/sbin', '/home/linuxbrew/.linuxbrew/bin'],
  ...['/opt/local/bin', '/usr/local/bin', '/usr/local/sbin', '/snap/bin'],
  ...['/usr/bin', '/bin', '/usr/sbin', '/sbin'],
];

/**
 * Appends to PATH those directories that exist and that it lacks, then those of `$_c`; `$_g` is PATH before. Of the
 * versions of node that nvm and fnm keep, the default comes first, then the newest. Forks nothing: every run does this.
 */
export const APPEND_PATH = oneLine(`
  _g=$PATH; _n=\${NVM_DIR:-$HOME/.nvm}; _f=\${FNM_DIR:-$HOME/.local/share/fnm}; _r=; _v=;
  { read -r _v <"$_n/alias/default"; } 2>/dev/null; _v=\${_v#v};
  for _d in "$_f"/node-versions/v?.*/installation/bin "$_f"/node-versions/v??.*/installation/bin
    "$_n"/versions/node/v?.*/bin "$_n"/versions/node/v??.*/bin; do _r=$_d:$_r; done;
  _i=$IFS; IFS=:;
  for _d in ${[...OF_THE_USER, ...OF_THE_SYSTEM].join(' ')} $_c; do
    [ -d "$_d" ] && case ":$PATH:" in *":$_d:"*) ;; *) PATH="\${PATH:+$PATH:}$_d";; esac;
  done;
  IFS=$_i; export PATH; unset _c _d _f _i _n _r _v;
`);

/** Files that login and interactive shells read, as words of sh: a newer one makes the saved environment old. */
export const RC_FILES = [
  ...['profile', 'bash_profile', 'bash_login', 'bashrc', 'zshenv', 'zprofile', 'zshrc', 'zlogin'],
  ...['cshrc', 'tcshrc', 'login', 'kshrc', 'mkshrc', 'shrc'],
  ...['config/fish/config.fish', 'config/fish/conf.d/*.fish', 'config/fish/fish_variables'],
]
  .map((name) => `"$HOME"/.${name}`)
  .concat('/etc/profile', '/etc/environment')
  .join(' ');
