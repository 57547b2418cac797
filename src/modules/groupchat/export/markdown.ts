import { marksOf, speakerOf, type Transcript } from './transcript.js';

/** The transcript as one Markdown file. The texts are Markdown already and stay as they are. */
export const toMarkdown = ({ groupChat, messages }: Transcript): string => {
  const people = groupChat.participants.map(
    ({ handle, name, hostName }) =>
      `- @${plain(handle)} (${plain(name)}, ${plain(hostName ?? 'local')})`,
  );
  const said = messages.map((message) => {
    const marks = marksOf(message);
    const heading = `## ${message.seq}. ${plain(speakerOf(message))}`;
    return `${heading}\n\n*${message.at}${marks === '' ? '' : `, ${marks}`}*\n\n${message.text}`;
  });
  return `${[
    `# ${plain(groupChat.name)}`,
    ['Participants:', '', ...people].join('\n'),
    ...said,
  ].join('\n\n')}\n`;
};

/** A name in a heading is text, not markup. */
const plain = (text: string): string =>
  text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>#|~]/g, String.raw`\$&`);
