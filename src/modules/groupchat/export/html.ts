import { marksOf, speakerOf, type Transcript } from './transcript.js';

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1e; }
article { border-left: 4px solid #8e8e93; margin: 1rem 0; padding: 0.25rem 1rem; }
article.user { border-color: #0a66c2; } article.moderator { border-color: #7d3cb5; }
article.participant { border-color: #2e7d32; } article.late { opacity: 0.7; }
h2 { font-size: 1rem; margin: 0; } small { color: #6e6e73; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0.5rem 0; }
`;

/**
 * The transcript as one page that loads nothing. Agents wrote most of it, so every text is escaped, and a policy in the
 * page itself forbids scripts wherever it is opened.
 */
export const toHtml = ({ groupChat, messages }: Transcript): string => {
  const people = groupChat.participants.map(
    ({ handle, name, hostName }) =>
      `<li>@${escaped(handle)} (${escaped(name)}, ${escaped(hostName ?? 'local')})</li>`,
  );
  const said = messages.map((message) => {
    const marks = marksOf(message);
    const kind = message.late ? `${message.from} late` : message.from;
    return `<article class="${kind}" id="m${message.seq}">
<h2>${escaped(speakerOf(message))}</h2>
<small>${escaped(message.at)}${marks === '' ? '' : `, ${escaped(marks)}`}</small>
<pre>${escaped(message.text)}</pre>
</article>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(groupChat.name)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(groupChat.name)}</h1>
<ul>
${people.join('\n')}
</ul>
${said.join('\n')}
</body>
</html>
`;
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
