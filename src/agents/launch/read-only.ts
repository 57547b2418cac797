import { AgentUnsupported } from '../failures/agent-errors.js';

/**
 * Throws `agent/unsupported` for an argument of a session with which a read-only turn could write all the same.
 *
 * @param lifts whether the argument at that place is one
 */
export const refuseArguments = (
  args: readonly string[],
  lifts: (arg: string, index: number) => boolean,
): void => {
  const offending = args.find(lifts);
  if (offending === undefined) return;
  throw new AgentUnsupported(`A read-only turn cannot be given the argument ${offending}`, {
    hint: `Remove ${offending} from the arguments of the session, or send the turn as a writing one.`,
  });
};
