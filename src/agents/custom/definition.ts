import { type AgentName } from '../adapter.js';
import { AgentUnsupported } from '../failures/agent-errors.js';
import { type CustomAgent } from './custom-agent.js';
import { placeholdersIn } from './placeholders.js';

interface Fault {
  pointer: string;
  detail: string;
}

export interface Defined {
  agent: AgentName;
  args: readonly string[];
  custom: CustomAgent | null;
}

/**
 * Whether what a session says of its agent fits together: `custom` agents are defined, and no others.
 *
 * @param at where the settings are in the request, as a JSON pointer
 * @throws {AgentUnsupported} with every fault by its place
 */
export const requireDefinition = ({ agent, args, custom }: Defined, at = ''): void => {
  const faults =
    custom === null ? undefinedAgent(agent) : [...notCustom(agent), ...faultsOf(custom, args)];
  const [first] = faults;
  if (!first) return;
  throw new AgentUnsupported(first.detail, {
    hint: 'See docs/agents.md on custom agents.',
    errors: faults.map(({ pointer, detail }) => ({ pointer: `${at}${pointer}`, detail })),
  });
};

const undefinedAgent = (agent: AgentName): Fault[] =>
  agent === 'custom'
    ? [
        {
          pointer: '/custom',
          detail:
            'A custom agent needs a definition: how it takes its prompt, and what its output means',
        },
      ]
    : [];

const notCustom = (agent: AgentName): Fault[] =>
  agent === 'custom'
    ? []
    : [
        {
          pointer: '/custom',
          detail: `Only an agent that is custom is defined by its session; this one is ${agent}`,
        },
      ];

const faultsOf = (custom: CustomAgent, args: readonly string[]): Fault[] => {
  const { prompt, output, model, readOnly, images, resume } = custom;
  const byFile = prompt === 'file';
  const tellsSession = output.format !== 'text' && output.sessionId !== undefined;
  return [
    ...unknownIn('/args', args, byFile ? ['cwd', 'promptFile'] : ['cwd']),
    ...(byFile && !names(args, 'promptFile')
      ? [
          {
            pointer: '/args',
            detail: 'No argument has {promptFile}, so the prompt would reach nobody',
          },
        ]
      : []),
    ...optional('/custom/model/args', model?.args, 'model'),
    ...unknownIn('/custom/readOnly/args', readOnly?.args ?? [], ['cwd']),
    ...optional('/custom/images/args', images?.args, 'imageFile'),
    ...optional('/custom/resume/args', resume?.args, 'sessionId'),
    ...(resume && !tellsSession
      ? [
          {
            pointer: '/custom/resume',
            detail:
              'A conversation can only be resumed when the output tells its id: declare output.sessionId',
          },
        ]
      : []),
  ];
};

/** Arguments that are there for the sake of one placeholder. */
const optional = (pointer: string, args: readonly string[] | undefined, name: string): Fault[] =>
  args === undefined
    ? []
    : [
        ...unknownIn(pointer, args, ['cwd', name]),
        ...(names(args, name) ? [] : [{ pointer, detail: `No argument has {${name}}` }]),
      ];

const names = (args: readonly string[], name: string): boolean =>
  args.some((argument) => placeholdersIn(argument).includes(name));

const unknownIn = (pointer: string, args: readonly string[], known: readonly string[]): Fault[] =>
  args.flatMap((argument, index) =>
    placeholdersIn(argument)
      .filter((name) => !known.includes(name))
      .map((name) => ({
        pointer: `${pointer}/${index}`,
        detail: `{${name}} stands for nothing here; known are ${known.map((each) => `{${each}}`).join(' and ')}, and {{${name}}} is that text itself`,
      })),
  );
