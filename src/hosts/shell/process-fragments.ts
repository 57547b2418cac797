/**
 * POSIX sh functions about processes, with no more forks than needed (`/proc` where it is, else `ps`).
 * All our names begin with `_`, so that they meet no variable of the user's.
 */

/** `_zz SECONDS`: sleeps; a whole second where fractions are not understood. Holds no descriptor of the channel. */
export const SLEEP = `
_zz() { sleep $1 </dev/null >/dev/null 2>&1 7<&- || sleep 1 </dev/null >/dev/null 2>&1 7<&-; };`;

/** `_stt PID`: start time into `_st`, state into `_sz`. A pid alone says nothing: it may have been given away again. */
export const START_TIME = `
_stt() {
  _st=-; _sz=;
  if [ -r /proc/self/stat ]; then
    { IFS= read -r _x </proc/$1/stat; } 2>/dev/null || return 0;
    _x=\${_x##*") "}; set -- $_x; _sz=$1; _st=\${20};
  else
    set -- $(ps -o stat= -o lstart= -p $1 2>/dev/null);
    [ $# -gt 1 ] || return 0;
    _sz=$1; _st=$2_$3_$4_$5_$6;
  fi;
};`;

/** `_tab`: the processes into `_T`, as words `pid,parent,group,start`; zombies are gone already. */
export const PROCESS_TABLE = `
_tab() {
  _T=;
  if [ -r /proc/self/stat ]; then
    for _f in /proc/[0-9]*/stat; do
      { IFS= read -r _x <$_f; } 2>/dev/null || continue;
      _q=\${_x%% *}; _x=\${_x##*") "}; set -- $_x;
      case $1 in Z|X) continue;; esac;
      _T="$_T $_q,$2,$3,\${20}";
    done;
  else
    _T=$(ps -A -o pid= -o ppid= -o pgid= -o stat= -o lstart= | while read -r _a _b _c _d _e _f _g _h _i; do
      case $_d in Z*) ;; *) echo "$_a,$_b,$_c,\${_e}_\${_f}_\${_g}_\${_h}_$_i";; esac; done);
  fi;
};`;

/**
 * `_kin`: into `_K` (words `pid,start`) all that belongs to a run: what carries the mark `_W` (`NAME=value`) in its
 * environment, what is in process group `_G`, what was known before (`_K`), and all their descendants, in whatever
 * session they are. Without process `_J`. `_U` are the pids of those outside the group.
 */
export const KIN = `${PROCESS_TABLE}
_mrk() {
  _M=" ";
  if [ -r /proc/self/environ ]; then
    for _f in $(grep -l "$_W" /proc/[0-9]*/environ 2>/dev/null); do
      { tr "\\0" "\\n" <$_f | grep -qx "$_W"; } 2>/dev/null && { _f=\${_f#/proc/}; _M="$_M\${_f%/*} "; };
    done;
  else
    _M=" $(ps eaxww -o pid= -o command= 2>/dev/null | while read -r _a _b; do
      case " $_b " in *" $_W "*) echo $_a;; esac; done | tr "\\n" " ") ";
  fi;
};
_kin() {
  _mrk; _tab; _O="$_K "; _K=; _U=; _I=" "; _n=1;
  while [ $_n = 1 ]; do
    _n=0;
    for _t in $_T; do
      _q=\${_t%%,*}; _st=\${_t##*,}; _x=\${_t#*,}; _a=\${_x%%,*}; _x=\${_x#*,}; _x=\${_x%%,*};
      case $_I in *" $_q "*) continue;; esac;
      [ "$_q" = "$_J" ] && continue;
      [ "$_x" = "$_G" ] || case $_I in *" $_a "*) :;; *) case $_M in *" $_q "*) :;; *) case $_O in *" $_q,$_st "*) :;; *) continue;; esac;; esac;; esac;
      _I="$_I$_q "; _K="$_K $_q,$_st"; _n=1;
      [ "$_x" = "$_G" ] || _U="$_U $_q";
    done;
  done;
};`;
