import { type GroupChat, type Message, type Round } from '../groupchat.answers.js';

/** All of a chat, to be taken along. */
export interface Transcript {
  groupChat: GroupChat;
  messages: Message[];
  rounds: Round[];
}

/** Who speaks, as a reader sees it. */
export const speakerOf = ({ from, name }: Message): string =>
  name === from ? from : `${name} (${from})`;

export const marksOf = ({ round, late, readOnly, from }: Message): string =>
  [round !== null && `round ${round}`, late && 'late', readOnly && from === 'user' && 'read only']
    .filter(Boolean)
    .join(', ');
