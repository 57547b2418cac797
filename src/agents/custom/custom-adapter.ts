import {
  type AgentAdapter,
  type AgentCapabilities,
  type Launch,
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnFile,
  type TurnRequest,
} from '../adapter.js';
import { AgentUnsupported } from '../failures/agent-errors.js';
import { imageFiles, imagePaths } from '../launch/image-files.js';
import { freshState } from '../stream/parser-state.js';
import { type CustomAgent } from './custom-agent.js';
import { foldJson } from './json-fields.js';
import { foldText } from './plain-text.js';
import { filled } from './placeholders.js';
import { concludeCommand } from './verdict.js';

/** A command line of the user's, as a session defines it. */
export class CustomAdapter implements AgentAdapter {
  readonly agent = 'custom';
  readonly label = 'Custom agent';
  /** Never looked for: the session names its command. */
  readonly program = 'custom';
  readonly needsCommand = true;
  readonly versionArgs: readonly string[];
  readonly capabilities: AgentCapabilities;

  constructor(private readonly custom: CustomAgent = UNDEFINED) {
    const { versionArgs, model, readOnly, images, resume } = custom;
    this.versionArgs = versionArgs;
    this.capabilities = {
      resume: resume !== undefined,
      // What the command makes of its arguments is its own business.
      readOnly: readOnly === undefined ? 'none' : 'advisory',
      model: model !== undefined,
      effort: [],
      images: images !== undefined,
    };
  }

  launch(turn: TurnRequest): Launch {
    const { command, providerSessionId, prompt } = turn;
    if (command === null)
      throw new AgentUnsupported('The session of a custom agent names no command');
    const isFile = this.custom.prompt === 'file';
    return {
      argv: [command, ...this.arguments(turn, providerSessionId)],
      env: {},
      stdin: isFile ? '' : prompt,
      files: [...(isFile ? [promptFile(prompt)] : []), ...imageFiles(turn)],
    };
  }

  initialState(): ParserState {
    return freshState();
  }

  parse(state: ParserState, line: string): ReturnType<AgentAdapter['parse']> {
    const { output } = this.custom;
    return output.format === 'text' ? foldText(state, line) : foldJson(output, state, line);
  }

  conclude(state: ParserState, end: ProcessEnd, { command }: TurnRequest): Outcome {
    const agent = { label: this.label, program: command ?? this.program };
    return concludeCommand(agent, this.custom.output, state, end);
  }

  private arguments(turn: TurnRequest, sessionId: string | null): string[] {
    const { model, readOnly, images, resume } = this.custom;
    const { cwd, directory } = turn;
    const place = { cwd };
    return [
      ...filled(turn.args, { ...place, promptFile: `${directory}/${PROMPT_FILE}` }),
      ...(turn.model === null ? [] : filled(model?.args ?? [], { ...place, model: turn.model })),
      ...(turn.readOnly ? filled(readOnly?.args ?? [], place) : []),
      ...imagePaths(turn).flatMap((imageFile) =>
        filled(images?.args ?? [], { ...place, imageFile }),
      ),
      ...(sessionId === null ? [] : filled(resume?.args ?? [], { ...place, sessionId })),
    ];
  }
}

const PROMPT_FILE = 'prompt.txt';
const promptFile = (content: string): TurnFile => ({ name: PROMPT_FILE, content });

/** Of a command of which nothing is known. */
const UNDEFINED: CustomAgent = {
  prompt: 'stdin',
  output: { format: 'text' },
  versionArgs: ['--version'],
};
