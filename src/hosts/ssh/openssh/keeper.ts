/**
 * Runs `ssh` in front of itself, and ends it with everything that it has started when standard input ends: also when
 * this process was killed. Then the private directory goes, too.
 *
 * Arguments: the directory, the program, the program's own.
 */
export const KEEPER = `
directory=$1
shift
trap : TERM
exec 3<&0 </dev/null
"$@" 3<&- &
ssh=$!
{ read -r line; trap '' TERM; kill -TERM 0; sleep 2; kill -KILL 0; } <&3 >/dev/null 2>&1 &
watch=$!
exec 3<&-
while :; do
  wait "$ssh"
  code=$?
  kill -0 "$ssh" 2>/dev/null || break
done
kill -KILL "$watch" 2>/dev/null
rm -rf "$directory"
exit "$code"
`;
