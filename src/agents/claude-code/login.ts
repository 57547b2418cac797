import { z } from 'zod';
import { type AgentLogin, type CliQuestion } from '../adapter.js';
import { jsonOf } from '../stream/json-lines.js';

const status = z.object({ loggedIn: z.boolean(), email: z.string().nullish().catch(null) });

/** `claude auth status`: a JSON object; exit code 1 when nobody is signed in. */
export const CLAUDE_LOGIN: CliQuestion<AgentLogin> = {
  args: ['auth', 'status'],
  since: '2.1.41',
  read: ({ stdout }) => {
    const { data } = status.safeParse(jsonOf(stdout));
    if (!data) return { state: 'unknown', account: null };
    return {
      state: data.loggedIn ? 'signed-in' : 'signed-out',
      account: data.email ?? null,
    };
  },
};
