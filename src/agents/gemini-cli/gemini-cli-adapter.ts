import {
  type AgentAdapter,
  type AgentCapabilities,
  type Launch,
  type Outcome,
  type ParserState,
  type ProcessEnd,
  type TurnRequest,
} from '../adapter.js';
import { AgentUnsupported } from '../failures/agent-errors.js';
import { requireUuid } from '../launch/conversation-id.js';
import { foldObjects } from '../stream/json-objects.js';
import { imageFiles, imagePaths } from '../launch/image-files.js';
import { freshState } from '../stream/parser-state.js';
import { escapeAtSigns, mentions } from './at-signs.js';
import { parseLine } from './stream-parser.js';
import { concludeStream } from './verdict.js';
import { refuseArguments } from '../launch/read-only.js';

/** Gemini CLI without a terminal: one process per turn, prompt on stdin, one JSON event per line on stdout. */
export class GeminiCliAdapter implements AgentAdapter {
  readonly agent = 'gemini-cli';
  readonly label = 'Gemini CLI';
  readonly program = 'gemini';
  readonly versionArgs = ['--version'];
  readonly login = { variables: ['GEMINI_API_KEY'] };
  readonly ownOptions = {
    always: /^(?:--(?:output-format|resume|session-id|session-file)(?:=|$)|-[or]$)/,
    model: /^(?:--model(?:=|$)|-m$)/,
  };
  readonly capabilities: AgentCapabilities = {
    resume: true,
    // The model may enter the mode in which it plans, and with nobody there leaves it with leave to do anything.
    readOnly: 'advisory',
    model: true,
    effort: [],
    images: true,
  };

  launch(request: TurnRequest): Launch {
    const { command, model, providerSessionId } = request;
    return {
      argv: [
        command ?? this.program,
        // An argument of many values takes all that follows, up to the next flag.
        ...approved(request),
        ...['--output-format', 'stream-json'],
        ...(model === null ? [] : ['--model', model]),
        ...(providerSessionId === null
          ? []
          : ['--resume', requireUuid(this.label, providerSessionId)]),
        ...imageDirectory(request),
      ],
      env: UNATTENDED,
      stdin: [escapeAtSigns(request.prompt), ...mentions(imagePaths(request))].join('\n\n'),
      files: imageFiles(request),
    };
  }

  initialState(): ParserState {
    return freshState();
  }

  parse(state: ParserState, line: string): ReturnType<AgentAdapter['parse']> {
    return foldObjects(state, line, parseLine);
  }

  conclude(state: ParserState, end: ProcessEnd, request: TurnRequest): Outcome {
    return concludeStream(state, end, request, new Date());
  }
}

/**
 * Without a terminal it works only in a folder that is trusted, and nobody is there to say so. And it starts itself
 * again as a child, which a signal to the first process would not reach.
 */
const UNATTENDED = { GEMINI_CLI_TRUST_WORKSPACE: 'true', GEMINI_CLI_NO_RELAUNCH: 'true' };

/**
 * The arguments of a session, and what a turn of it may do. A session may choose the mode of its writing turns. In the
 * one in which somebody must approve what writes, and nobody is there, the model has no tool for it. (In plan mode it is
 * told to write a plan, and once it has one it is let do all that.)
 */
const approved = ({ readOnly, args }: Pick<TurnRequest, 'readOnly' | 'args'>): string[] => {
  if (readOnly) refuseArguments(args, (arg) => LIFTS_READ_ONLY.test(arg) || COMMAND.test(arg));
  else if (args.some((arg) => CHOOSES_MODE.test(arg))) return [...args];
  return [...args, '--approval-mode', readOnly ? 'default' : 'yolo'];
};

const CHOOSES_MODE = /^(?:-y|--yolo|--approval-?mode)(?:=|$)/i;

const LIFTS_READ_ONLY =
  /^(?:-y|--yolo|--approval-?mode|--allowed-?tools|--(?:admin-?)?policy|--)(?:=|$)/i;

/** Wherever it stands, it is not the model that is started, but what writes settings, with flags for its arguments. */
const COMMAND = /^(?:mcp|extensions?|skills?|hooks?|gemma)$/;

/** It reads no file outside of its workspace. */
const imageDirectory = ({ images, directory }: TurnRequest): string[] => {
  if (images.length === 0) return [];
  if (!directory.includes(',')) return ['--include-directories', directory];
  throw new AgentUnsupported(
    'Gemini CLI takes no images from a directory with a comma in its path',
    {
      hint: 'Send the turn without images, or use a host whose home directory has none.',
    },
  );
};
