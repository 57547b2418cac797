import { describe, expect, it } from '@jest/globals';
import { type AgentAdapter, type TurnRequest } from '../../../../src/agents/adapter.js';
import { AgentRegistry } from '../../../../src/agents/index.js';
import { isNone, type Subject } from '../../../agents/contract/subject.js';
import { SUBJECTS } from '../../../agents/subjects/index.js';
import { turn } from '../../../support/run-agent.js';
import { playBack } from '../recordings.js';
import { owed } from './owed.js';
import { recorded, sourceOf } from './play.js';

/** The demo agent is our own program, which has tests of its own. */
const ADAPTERS = new AgentRegistry().list().filter(({ agent }) => agent !== 'demo');

describe('An adapter', () => {
  it.each(ADAPTERS.map((adapter) => [adapter.label, adapter] as const))(
    'of %s supplies all that the contract asks for',
    (_, adapter) => {
      expect(owed(adapter, SUBJECTS)).toEqual([]);
    },
  );

  it('that is new is told what it is to supply', () => {
    const [known] = ADAPTERS;
    const fresh: AgentAdapter = { ...(known as AgentAdapter), agent: 'demo' };
    expect(owed(fresh, []).join('\n')).toMatch(
      /Record.*\n.*subjects\/demo\.ts\n.*\n.*demo\.spec\.ts/,
    );
  });

  it('that claims what nobody has seen is told to show it', () => {
    const [known] = SUBJECTS as [Subject];
    const { adapter, recorded } = known;
    const capabilities = { ...adapter.capabilities, readOnly: 'enforced', images: true } as const;
    const bragging = Object.create(adapter, {
      capabilities: { value: capabilities },
    }) as AgentAdapter;
    const unseen = { none: 'nobody has looked' };
    const unproved: Subject = {
      ...known,
      adapter: bragging,
      real: unseen,
      recorded: { ...recorded, cases: { ...recorded.cases, image: unseen, edit: { none: '' } } },
    };
    expect(owed(bragging, [unproved])).toEqual(
      expect.arrayContaining([
        expect.stringContaining('what the case image shows'),
        expect.stringContaining('"enforced" must be proved'),
        expect.stringContaining('the case edit is neither recorded nor run'),
        expect.stringContaining('"" is no reason'),
      ]),
    );
  });
});

/** Whatever some shell, terminal or parser of arguments would act on. */
const HOSTILE = [
  '---\ntitle: x\n---\n--help',
  '-p --dangerously-skip-permissions',
  '`id` $(id) ${HOME} $HOME "double" \'single\' \\ | & ; < > ( ) { } [ ] * ? ! # ~ % ^ = \t\r\n\n ü 🎉 \u001b[31m',
  `${'words '.repeat(50_000)}the end`,
];

/** What an agent is given for a turn: in its arguments and variables, and otherwise, also what it is answered. */
const givenTo = (
  subject: Subject,
  more: Partial<TurnRequest>,
): Record<'argv' | 'other', string> => {
  const { adapter } = subject;
  const command = adapter.needsCommand ? '/opt/agent' : null;
  const request = turn('x', { command, directory: '/tmp/turn', cwd: '/w', ...more });
  const launch = adapter.launch(request);
  const files = (launch.files ?? []).map(({ content }) => content.toString());
  const { stdout, end } = recorded(subject, sourceOf(subject, 'new-turn'));
  const { outbox } = playBack(adapter, stdout, end, request).state;
  return {
    argv: [...launch.argv, ...Object.values({ ...launch.env, ...launch.fixedEnv })].join('\0'),
    other: [launch.stdin, ...files, outbox?.unsent].join('\0'),
  };
};

describe.each(SUBJECTS)('A turn of $cli', (subject) => {
  const { adapter } = subject;

  it('has its prompt in no argument and in no variable, whatever it is', () => {
    const mark = 'only-in-the-prompt';
    for (const hostile of HOSTILE) {
      for (const more of [{}, { readOnly: adapter.capabilities.readOnly !== 'none' }]) {
        const { argv, other } = givenTo(subject, { prompt: `${hostile} ${mark}`, ...more });
        expect(argv).not.toContain(mark);
        expect(argv.length).toBeLessThan(4_000);
        expect(other).toContain(mark);
      }
    }
  });

  it('uses the program and the arguments of its session', () => {
    const { argv } = adapter.launch(
      turn('x', {
        command: '/opt/my agent',
        args: ['--verbose'],
        directory: '/tmp/turn',
        cwd: '/w',
      }),
    );
    expect(argv[0]).toBe('/opt/my agent');
    expect(argv).toContain('--verbose');
  });
});

describe.each(SUBJECTS.filter(({ adapter }) => adapter.capabilities.resume))(
  'A resumed turn of $cli',
  (subject) => {
    const { adapter, real } = subject;
    it('names its conversation', () => {
      const id = isNone(real) ? '00000000-0000-4000-8000-000000000000' : real.unknownSessionId;
      const { argv, other } = givenTo(subject, { providerSessionId: id });
      const state = JSON.stringify(
        adapter.initialState(turn('x', { providerSessionId: id, directory: '/tmp/turn' })),
      );
      expect(`${argv}${other}${state}`).toContain(id);
    });
  },
);
