import { type AgentLogin, type CliQuestion } from '../adapter.js';

/**
 * `opencode auth list` counts the logins and the keys in the environment. A provider of the user's own configuration may
 * need neither: then nobody is signed in, and turns work.
 */
export const OPENCODE_LOGIN: CliQuestion<AgentLogin> = {
  args: ['auth', 'list'],
  read: ({ exitCode, stdout, stderr }) => {
    const counts = [...`${stdout}\n${stderr}`.matchAll(COUNT)].map(([, count]) => Number(count));
    if (exitCode !== 0 || counts.length === 0) return { state: 'unknown', account: null };
    const isSignedIn = counts.some((count) => count > 0);
    return { state: isSignedIn ? 'signed-in' : 'signed-out', account: null };
  },
};

const COUNT = /\b(\d+) (?:credential|environment variable)s?\b/g;
