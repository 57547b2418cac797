import { describe, expect, it } from '@jest/globals';
import { type AgentAdapter } from '../../../../src/agents/adapter.js';
import { AgentRegistry } from '../../../../src/agents/index.js';
import { isNone, type Subject } from '../../../agents/contract/subject.js';
import { SUBJECTS } from '../../../agents/subjects/index.js';
import { turn } from '../../../support/run-agent.js';
import { owed } from './owed.js';

/**
 * The demo agent is our own program, a custom one is anybody's, and with one of the Agent Client Protocol both sides
 * talk: these have tests of their own.
 */
const ADAPTERS = new AgentRegistry()
  .list()
  .filter(({ agent }) => agent !== 'demo' && agent !== 'custom' && agent !== 'acp');

describe('An adapter', () => {
  it.each(ADAPTERS.map((adapter) => [adapter.label, adapter] as const))(
    'of %s supplies all that the contract asks for',
    (_, adapter) => {
      expect(owed(adapter, SUBJECTS)).toEqual([]);
    },
  );

  it('that is new is told what it is to supply', () => {
    const [known] = ADAPTERS;
    const fresh: AgentAdapter = { ...(known as AgentAdapter), agent: 'acp' };
    expect(owed(fresh, []).join('\n')).toMatch(
      /Record.*\n.*subjects\/acp\.ts\n.*\n.*acp\.spec\.ts/,
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

describe.each(SUBJECTS)('A turn of $cli', ({ adapter }) => {
  const inArguments = (prompt: string, more = {}): { argv: string; elsewhere: string } => {
    const launch = adapter.launch(turn(prompt, { directory: '/tmp/turn', cwd: '/w', ...more }));
    const files = (launch.files ?? []).map(({ content }) => content.toString());
    return {
      argv: [...launch.argv, ...Object.values({ ...launch.env, ...launch.fixedEnv })].join('\0'),
      elsewhere: [launch.stdin, ...files].join('\0'),
    };
  };

  it('has its prompt in no argument and in no variable, whatever it is', () => {
    const mark = 'only-in-the-prompt';
    for (const hostile of HOSTILE) {
      for (const more of [{}, { readOnly: adapter.capabilities.readOnly !== 'none' }]) {
        const { argv, elsewhere } = inArguments(`${hostile} ${mark}`, more);
        expect(argv).not.toContain(mark);
        expect(argv.length).toBeLessThan(4_000);
        expect(elsewhere).toContain(mark);
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
  ({ adapter, real }) => {
    it('names its conversation', () => {
      const id = isNone(real) ? '00000000-0000-4000-8000-000000000000' : real.unknownSessionId;
      const launch = (providerSessionId: string): string => {
        const given = { providerSessionId, directory: '/tmp/turn', cwd: '/w' };
        const { argv, stdin, files = [] } = adapter.launch(turn('x', given));
        return [...argv, stdin, ...files.map(({ content }) => content.toString())].join('\n');
      };
      const state = JSON.stringify(
        adapter.initialState(turn('x', { providerSessionId: id, directory: '/tmp/turn' })),
      );
      expect(`${launch(id)}${state}`).toContain(id);
    });
  },
);
