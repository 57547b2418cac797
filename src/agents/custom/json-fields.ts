import { type Fact, type ParserState, type Usage } from '../adapter.js';
import { foldObjects } from '../stream/json-objects.js';
import { type JsonOutput } from './custom-agent.js';
import { documentOn, withLine } from './json-documents.js';
import { valueAt } from './json-pointer.js';
import { type Memory, readMemory } from './memory.js';

type Step = { state: ParserState; facts: Fact[] };

/** Settings of a terminal in front of a line, which no document begins with. */
const TERMINAL = /^(?:(?!\s)\p{Cc}\[[0-?]*[ -/]*[@-~])+/u;

export const foldJson = (output: JsonOutput, state: ParserState, printed: string): Step => {
  if (output.format === 'ndjson') {
    return foldObjects(state, printed, (before, object) => {
      const document = documentOn(object);
      return document
        ? foldDocument(output, before, readMemory(before), document.value)
        : { state: before, facts: [] };
    });
  }
  const memory = readMemory(state);
  const line = printed.replace(TERMINAL, '');
  const { memory: next, document } = withLine(memory, line);
  return document
    ? foldDocument(output, state, next, document.value)
    : { state: { ...state, memory: next }, facts: [] };
};

const foldDocument = (
  output: JsonOutput,
  state: ParserState,
  memory: Memory,
  value: unknown,
): Step => {
  const textAt = (pointer: string | undefined): string | null => {
    const found = pointer === undefined ? undefined : valueAt(value, pointer);
    return typeof found === 'string' ? found : null;
  };
  const known = {
    ...state,
    providerSessionId: idOf(textAt(output.sessionId)) ?? state.providerSessionId,
    model: textAt(output.model) || state.model,
    usage: usageOf(output.usage, value, state.usage),
  };
  const thought = told(memory.pondered, textAt(output.reasoning));
  const piece = output.format === 'ndjson' ? (textAt(output.delta) ?? '') : '';
  const said = answered(
    { ...memory, error: errorOf(output, value, memory.error), pondered: thought.told },
    known,
    { piece, whole: textAt(output.text) },
  );
  const reasoning: Fact[] = thought.text === '' ? [] : [{ type: 'reasoning', text: thought.text }];
  return { state: said.state, facts: [...reasoning, ...said.facts] };
};

/** It will stand among arguments, and must not be taken for one of the options there. */
const idOf = (told: string | null): string | null =>
  told !== null && /^[^-\p{Cc}][^\p{Cc}]{0,499}$/u.test(told) ? told : null;

/** What is said, and what was said whole: of that, only what the pieces have not. */
const answered = (
  memory: Memory,
  state: ParserState,
  { piece, whole }: { piece: string; whole: string | null },
): Step => {
  const begun = memory.pieces + piece;
  const rest =
    whole === null ? '' : whole.startsWith(begun) ? whole.slice(begun.length) : `\n${whole}`;
  const news = piece + rest;
  const text = news === '' ? '' : (memory.spoke && memory.pieces === '' ? '\n\n' : '') + news;
  return {
    state: {
      ...state,
      text: whole ?? state.text,
      memory: {
        ...memory,
        pieces: whole === null ? begun : '',
        spoke: memory.spoke || news !== '',
      },
    },
    facts: text === '' ? [] : [{ type: 'text', text }],
  };
};

const told = (before: boolean, text: string | null): { told: boolean; text: string } =>
  text ? { told: true, text: before ? `\n\n${text}` : text } : { told: before, text: '' };

/** What is there says whether it has failed, so a later line can take it back. */
const errorOf = (output: JsonOutput, value: unknown, before: string | null): string | null => {
  const found = output.error === undefined ? undefined : valueAt(value, output.error);
  if (found === undefined) return before;
  if (found === null || found === false || found === '') return null;
  if (typeof found === 'string') return found;
  const message = valueAt(found, '/message');
  return typeof message === 'string' && message !== '' ? message : JSON.stringify(found);
};

const usageOf = (
  pointers: JsonOutput['usage'],
  value: unknown,
  before: Usage | null,
): Usage | null => {
  if (!pointers) return before;
  const numberAt = (pointer: string | undefined): number | null => {
    const found = pointer === undefined ? undefined : valueAt(value, pointer);
    return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? found : null;
  };
  const tokensAt = (pointer: string | undefined): number | null => {
    const found = numberAt(pointer);
    return found === null ? null : Math.round(found);
  };
  const input = tokensAt(pointers.inputTokens);
  const output = tokensAt(pointers.outputTokens);
  const read = tokensAt(pointers.cacheReadTokens);
  const written = tokensAt(pointers.cacheWriteTokens);
  const reasoning = tokensAt(pointers.reasoningTokens);
  const costUsd = numberAt(pointers.costUsd);
  if ([input, output, read, written, reasoning, costUsd].every((each) => each === null))
    return before;
  return {
    inputTokens: input ?? before?.inputTokens ?? 0,
    outputTokens: output ?? before?.outputTokens ?? 0,
    cacheReadTokens: read ?? before?.cacheReadTokens ?? 0,
    cacheWriteTokens: written ?? before?.cacheWriteTokens ?? 0,
    reasoningTokens: reasoning ?? before?.reasoningTokens ?? null,
    costUsd: costUsd ?? before?.costUsd ?? null,
    costIsEstimate: false,
    contextWindow: null,
    contextTokens: null,
  };
};
