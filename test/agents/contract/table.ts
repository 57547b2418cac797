import { mkdir, rm, writeFile } from 'node:fs/promises';
import { type ContractCase, isNone, type RealCli, type Subject } from './subject.js';

/** Where what a run has shown waits for `npm run test:agents -- --table`. */
const SHOWN = new URL('../../../.cache/agents-shown/', import.meta.url);

export const COLUMNS = [
  ...['agent', 'CLI, version tested', 'resume', 'read-only', 'model', 'effort', 'images'],
  ...['text as it comes', 'thoughts', 'usage', 'cost', 'reset of a limit', 'otherwise'],
];

/**
 * The row of an agent in docs/agents.md.
 *
 * @param isShown whether somebody has seen the case; what nobody has seen is not told as a fact
 */
export const rowOf = (
  { name, adapter, cli, version, real, told }: Subject,
  isShown: (each: ContractCase) => boolean = () => true,
): string[] => {
  const { resume, readOnly, model, effort, images } = adapter.capabilities;
  const seen = (each: ContractCase, claim: string): string =>
    claim === 'no' || isShown(each) ? claim : 'not shown';
  const yes = (it: boolean): string => (it ? 'yes' : 'no');
  // Its adapter may be that of others too, which can.
  const can = (each: ContractCase, claim: string): string =>
    isNone(real) || real.exceptions[each] === undefined ? seen(each, claim) : 'no';
  const exceptions = isNone(real)
    ? [`not run: ${real.none}`]
    : Array.from(byReason(real.exceptions), ([because, each]) => `${each.join(', ')}: ${because}`);
  return [
    `\`${name}\``,
    `${cli} ${version}`.trim(),
    can('resume', yes(resume)),
    seen('read-only', readOnly === 'none' ? 'no' : readOnly),
    can('model', yes(model)),
    can('effort', effort.length === 0 ? 'no' : effort.join(', ')),
    can('image', yes(images)),
    seen('slow-stream', yes(told.streams)),
    yes(told.reasoning),
    seen('new-turn', { 'model-call': 'per call', turn: 'per turn', no: 'no' }[told.usage]),
    seen('new-turn', told.cost ? 'reported' : 'no'),
    seen('limit', { second: 'to the second', minute: 'to the minute', no: 'no' }[told.reset]),
    exceptions.join('; '),
  ].map((cell) => cell.replaceAll('|', '\\|'));
};

const byReason = (exceptions: RealCli['exceptions']): Map<string, string[]> => {
  const reasons = new Map<string, string[]>();
  for (const [each, { because }] of Object.entries(exceptions)) {
    reasons.set(because, [...(reasons.get(because) ?? []), each]);
  }
  return reasons;
};

/** Keeps what a run has shown; nothing of one that has failed, or that was not asked for all. */
export const keepRow = async (
  subject: Subject,
  shown: ReadonlySet<string>,
  isWhole: boolean,
): Promise<void> => {
  const file = new URL(`${subject.name}.json`, SHOWN);
  await mkdir(SHOWN, { recursive: true });
  if (isWhole) {
    const row = rowOf(subject, (each) => shown.has(each));
    await writeFile(file, JSON.stringify({ columns: COLUMNS, row }));
  } else await rm(file, { force: true });
};
