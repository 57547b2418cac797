/**
 * What the files of a run say, as POSIX sh functions. `_F` is the path of the run without its ending, `_N` the
 * nonce of the channel.
 *
 *     F.in.TAG  prompt        F.pid     claim, then identity: pid, start time, boot, host, `.`
 *     F.out     F.err         F.exit.CODE[.why]   final record; the name is the data, so that a full disk can hold it
 *     F.cancel  noted before the first signal     F.fence   what was not identified before this never runs
 */
export const runPaths = (id: string): string => `_R="$HOME/.maestro/runs"; _F="$_R/${id}";`;

/** `_e WORD...`: one of our own lines on stdout. */
export const say = (nonce: string): string => `_N=${nonce}; _e() { echo "@@$_N $*"; };`;

/**
 * `_bid`: this boot into `_b`, this machine into `_h`. Containers share the boot id of their host, so the start
 * of process 1 is part of it.
 */
export const BOOT = `
_bid() {
  { read -r _b </proc/sys/kernel/random/boot_id; } 2>/dev/null || _b=$(sysctl -n kern.bootsessionuuid 2>/dev/null || sysctl -n kern.boottime 2>/dev/null | tr -dc 0-9) || _b=-;
  _stt 1; _b="$_b:$_st";
  { read -r _h </proc/sys/kernel/hostname; } 2>/dev/null || _h=$(uname -n);
};`;

/**
 * `_fin`: the final record into `_X`. `_rp`: reads claim and identity; the dot proves that the line is complete.
 * `_al`: the supervisor lives, and it is the same process of the same boot.
 */
export const CLAIM = `
_fin() { _X=; for _f in "$_F".exit.*; do [ -e "$_f" ] && _X=\${_f#"$_F.exit."}; done; };
_rp() {
  _p=; _dot=;
  { read -r _p _ps _pb _ph _dot <"$_F.pid"; } 2>/dev/null;
  case $_p in ""|1|*[!0-9]*) return 1;; esac;
  [ "$_dot" = . ];
};
_al() {
  [ "$_b" = "$_pb" ] && kill -0 $_p 2>/dev/null || return 1;
  _stt $_p;
  case $_sz in [ZX]*) return 1;; esac;
  [ "$_st" = "$_ps" ];
};`;

/**
 * Waits until the run is identified; speaks and exits when it never will be. A claim that stays without identity for
 * 3 s is fenced: supervisor and fence each write first and look then, so that `NEVER` is certain.
 */
export const SETTLE = `
_i=0;
until _rp; do
  if [ -e "$_F.fence" ]; then _rp && break; _e NEVER; exit 0; fi;
  [ -e "$_F.pid" ] || { _e NONE; exit 0; };
  [ $_i -lt 30 ] || { printf "" >"$_F.fence"; _rp && break; _e NEVER; exit 0; };
  _i=$((_i+1)); _zz 0.1;
done;
[ "$_b" = "$_pb" ] || [ "$_h" = "$_ph" ] || { _e WRONGHOST $_ph; exit 0; };`;

/** Says why a file could not be written in `$_R`, and ends. */
export const UNWRITABLE = `
_un() { if [ -w "$_R" ]; then _e ERR nospace; elif [ -d "$_R" ]; then _e ERR readonly; else _e ERR missing; fi; exit 0; };`;
