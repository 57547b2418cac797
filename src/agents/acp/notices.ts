/**
 * What some agents say, where the answer would stand, of a turn that has failed: by the name that the agent gives itself, and
 * just as it begins. (A model that says the same, in one piece and nothing behind it, in a turn whose usage is not told, would
 * be mistaken for it.)
 */
const NOTICES = new Map([
  [
    'Copilot',
    /^Error: (?:Authentication failed with provider at |The provider rejected the prompt as too long\b|Failed to get response from the AI model; retried \d+ times\b)/,
  ],
  [
    '@agentclientprotocol/codex-acp',
    /^(?:\{"error":\{|Selected model is at capacity\.|You.ve hit your usage limit\b|(?:unexpected status|exceeded retry limit, last status:) \d{3}\b)/,
  ],
]);

/**
 * Whether a piece of a message is such a notice. Where messages have ids, a notice has none.
 *
 * @param name the agent's name of itself
 */
export const isNotice = (name: string | null, piece: string, id: string | null): boolean =>
  name !== null && id === null && NOTICES.get(name)?.test(piece) === true;
