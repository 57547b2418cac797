import { type Fact, type ParserState } from '../adapter.js';
import { type Ending, type Memory } from './memory.js';
import { lineOf } from './messages.js';
import { type Asked } from './protocol.js';

/** The client in the middle of a line: what it knows, what people see of it, and what it answers. */
export interface Step {
  /** Without what is in `memory` and `outgoing`. */
  state: ParserState;
  memory: Memory;
  facts: Fact[];
  outgoing: string;
}

export const remember = (step: Step, change: Partial<Memory>): Step => ({
  ...step,
  memory: { ...step.memory, ...change },
});

export const tell = (step: Step, facts: readonly Fact[]): Step => ({
  ...step,
  facts: [...step.facts, ...facts],
});

/** Sends a request; there is never more than one that waits for its answer. */
export const ask = (step: Step, asked: Asked, params: object): Step => {
  const id = step.memory.requests;
  return send(remember(step, { requests: id + 1, awaiting: { id, asked } }), {
    ...{ id, method: asked, params },
  });
};

export const send = (step: Step, body: object): Step => ({
  ...step,
  outgoing: step.outgoing + lineOf(body),
});

/** Nothing more is asked, and nothing more is heard of what the agent says. */
export const end = (step: Step, ending: Ending): Step =>
  remember(step, { awaiting: null, end: ending });
