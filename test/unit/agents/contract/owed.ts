import { existsSync } from 'node:fs';
import { type AgentAdapter } from '../../../../src/agents/adapter.js';
import {
  CONTRACT_CASES,
  type ContractCase,
  isNone,
  type Subject,
} from '../../../agents/contract/subject.js';
import { recordedCases } from '../recordings.js';

const TEST = new URL('../../../', import.meta.url);
const exists = (path: string): boolean => existsSync(new URL(path, TEST));

/** What an adapter still owes the contract, as a list of things to do. */
export const owed = (adapter: AgentAdapter, subjects: readonly Subject[]): string[] => {
  const own = subjects.filter((subject) => subject.adapter.agent === adapter.agent);
  if (own.length > 0) return own.flatMap((subject) => owedBy(subject, own));
  const { agent } = adapter;
  return [
    `Record the CLI: its output for every case in test/fixtures/agents/<cli-version>/<case>.{stdout,stderr,rc}`,
    `Tell what it can do: a Subject (test/agents/contract/subject.ts) in test/agents/subjects/${agent}.ts`,
    `Name it in test/agents/subjects/index.ts`,
    `Run the CLI: contractOf(subject) in test/agents/contract/${agent}.spec.ts`,
    `Install the CLI: scripts/install-agent-clis.mjs`,
    `Write its row of docs/agents.md: npm run test:agents -- ${agent} --table`,
  ];
};

const owedBy = (subject: Subject, own: readonly Subject[]): string[] => [
  ...recordingsOwed(subject),
  ...CONTRACT_CASES.flatMap((name) => caseOwed(subject, name)),
  ...capabilitiesOwed(subject, own),
  ...realOwed(subject),
];

const recordingsOwed = ({ name, recorded: { verdicts, cases } }: Subject): string[] => [
  ...Object.keys(verdicts).flatMap((folder) =>
    exists(`fixtures/agents/${folder}/`)
      ? recordedCases(folder)
          .filter((each) => verdicts[folder]?.[each] === undefined)
          .map((each) => `${name}: say in verdicts how ${folder}/${each} ends`)
      : [`${name}: there is no folder test/fixtures/agents/${folder}`],
  ),
  ...Object.entries(cases).flatMap(([each, source]) => {
    if (isNone(source)) return [];
    const [folder = '', ...rest] = source.split('/');
    return verdicts[folder]?.[rest.join('/')] === undefined
      ? [`${name}: the recording ${source} of ${each} is none of its verdicts`]
      : [];
  }),
];

/** A case is shown by a recording or by the CLI itself; where it is not, somebody must have thought about it. */
const caseOwed = ({ name, real, recorded }: Subject, each: ContractCase): string[] => {
  const source = recorded.cases[each];
  const isRun = !isNone(real) && !(real.exceptions[each] && !real.exceptions[each].ends);
  const reasons = [
    ...(isNone(source) ? [source.none] : []),
    ...(isNone(real) ? [real.none] : []),
    ...(!isNone(real) && real.exceptions[each] ? [real.exceptions[each].because] : []),
  ];
  return [
    ...(isNone(source) && !isRun && !isDisclaimed(source.none)
      ? [`${name}: the case ${each} is neither recorded nor run: record it, or say "cannot ..."`]
      : []),
    ...reasons
      .filter((reason) => reason.trim().length < 12)
      .map((reason) => `${name}: "${reason}" is no reason why ${each} is not shown`),
  ];
};

const isDisclaimed = (reason: string): boolean => /\b(?:cannot|does not|no)\b/.test(reason);

const isProved = (each: ContractCase, { real, recorded }: Subject): boolean => {
  if (!isNone(recorded.cases[each])) return true;
  if (isNone(real)) return false;
  const exception = real.exceptions[each];
  // It does go on with conversations; how it ends without one was seen too.
  return exception === undefined || (each === 'session-not-found' && Boolean(exception.ends));
};

/** What an adapter claims, somebody has seen. */
const capabilitiesOwed = (
  { name, adapter, real, recorded }: Subject,
  own: readonly Subject[],
): string[] => {
  const { capabilities } = adapter;
  const claims: [ContractCase, boolean][] = [
    ['resume', capabilities.resume],
    ['session-not-found', capabilities.resume],
    ['model', capabilities.model],
    ['effort', capabilities.effort.length > 0],
    ['image', capabilities.images],
  ];
  return [
    ...claims
      // One of its CLIs is enough: what others lack is among their exceptions.
      .filter(([each, claimed]) => claimed && !own.some((subject) => isProved(each, subject)))
      .map(([each]) => `${name}: its adapter claims what the case ${each} shows: show it`),
    ...claims
      .filter(([each, claimed]) => !claimed && typeof recorded.cases[each] === 'string')
      .filter(([each]) => each !== 'session-not-found')
      .map(([each]) => `${name}: the case ${each} is recorded, but its adapter does not claim it`),
    ...(capabilities.readOnly === 'enforced' && (isNone(real) || real.exceptions['read-only'])
      ? [`${name}: "enforced" must be proved with the CLI itself; without, it is "advisory"`]
      : []),
  ];
};

const realOwed = ({ name, real }: Subject): string[] => [
  ...(isNone(real) || exists(`agents/contract/${name}.spec.ts`)
    ? []
    : [`${name}: run the CLI: contractOf(subject) in test/agents/contract/${name}.spec.ts`]),
  ...(isNone(real) || real.inEveryTest || exists(`agents/contract/${name}.spec.ts`)
    ? []
    : [`${name}: nothing runs it`]),
];
