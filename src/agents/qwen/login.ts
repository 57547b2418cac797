import { type AgentLogin, type CliQuestion } from '../adapter.js';

/** `qwen auth status` always ends well, and is written for people: only these two lines of it are understood. */
export const QWEN_LOGIN: CliQuestion<AgentLogin> = {
  args: ['auth', 'status'],
  // The oldest that was looked at.
  since: '0.15.10',
  read: ({ exitCode, stdout, stderr }) => {
    const said = `${stdout}\n${stderr}`;
    const [state = 'unknown' as const] = (['signed-in', 'signed-out'] as const).filter(
      (each) => exitCode === 0 && LINES[each].test(said),
    );
    return { state, account: null };
  },
};

const LINES = {
  'signed-in': /^\W*Authentication Method: \S/m,
  'signed-out': /^\W*No authentication method configured/m,
};
