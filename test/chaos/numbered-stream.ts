/**
 * What a run under chaos prints: numbered lines that each carry the checksum of all before. Long lines, lines on stderr,
 * pauses and texts that look like the marks of our own protocol come at places that the seed decides, so every byte is
 * known beforehand.
 */
export interface NumberedStream {
  seed: number;
  lines: number;
  exitCode: number;
  /** Does not end by INT or TERM. */
  stubborn: boolean;
}

/** One byte too many or too few is told by the line at which it happened. */
export class StreamBroken extends Error {}

const LONG = 'x'.repeat(1024);
const TEXTS = ['@@0123456789abcdef END 0', LONG, '', '@@0123456789abcdef HELLO'];

/**
 * `$1` seed, `$2` lines, `$3` exit code, `$4` journal, `$5` whether it is stubborn. It does not end while there is a file
 * `$CHAOS_HOLD`.
 */
const PROGRAM = `
  [ "$5" != true ] || trap '' INT TERM
  s=$1 n=$2 i=0 c=0 x=x
  echo "$MAESTRO_RUN start $$" >>"$4"
  while [ \${#x} -lt 1024 ]; do x=$x$x; done
  while [ $i -lt $n ]; do
    i=$((i+1)) s=$((s*16807%2147483647))
    case $((s%11)) in
      0) t='${TEXTS[0] ?? ''}';; 1) t=$x;; 2) t='';; 3) t='${TEXTS[3] ?? ''}';; *) t=abc;;
    esac
    c=$(((c*31+s+\${#t})%1000003))
    printf '%d %d %s %d\\n' $i $s "$t" $c
    [ $((s%5)) -ne 0 ] || printf '%d %d\\n' $i $c >&2
    [ $((s%13)) -ne 0 ] || sleep 0.15
  done
  while [ -e "$CHAOS_HOLD" ]; do sleep 0.1; done
  echo "$MAESTRO_RUN end $3" >>"$4"
  exit $3`;

export const streamProgram = (
  { seed, lines, exitCode, stubborn }: NumberedStream,
  journal: string,
): readonly [string, ...string[]] => [
  ...(['sh', '-c', PROGRAM, 'numbered-stream'] as const),
  ...[seed, lines, exitCode].map(String),
  journal,
  String(stubborn),
];

export const expectedStream = ({
  seed,
  lines,
}: NumberedStream): { stdout: Buffer; stderr: Buffer } => {
  let state = seed;
  let sum = 0;
  const stdout: string[] = [];
  const stderr: string[] = [];
  for (let number = 1; number <= lines; number += 1) {
    state = (state * 16_807) % 2_147_483_647;
    const text = TEXTS[state % 11] ?? 'abc';
    sum = (sum * 31 + state + text.length) % 1_000_003;
    stdout.push(`${number} ${state} ${text} ${sum}\n`);
    if (state % 5 === 0) stderr.push(`${number} ${sum}\n`);
  }
  return { stdout: Buffer.from(stdout.join('')), stderr: Buffer.from(stderr.join('')) };
};

/** Fails unless `taken` is `expected`; with `isPart`, unless it is how `expected` begins. */
export const expectBytes = (
  taken: Buffer,
  expected: Buffer,
  { of, isPart }: { of: string; isPart: boolean },
): void => {
  const wanted = isPart ? expected.subarray(0, taken.length) : expected;
  if (taken.equals(wanted)) return;
  let at = 0;
  while (at < taken.length && taken[at] === wanted[at]) at += 1;
  const around = (bytes: Buffer): string =>
    JSON.stringify(bytes.subarray(Math.max(0, at - 40), at + 40).toString());
  throw new StreamBroken(
    `${of}: ${taken.length} of ${wanted.length} bytes, wrong from byte ${at}: ${around(taken)} instead of ${around(wanted)}`,
  );
};
