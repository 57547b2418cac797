import { describe, expect, it } from '@jest/globals';
import { toHtml } from '../../../src/modules/groupchat/export/html.js';
import { toMarkdown } from '../../../src/modules/groupchat/export/markdown.js';
import { type Transcript } from '../../../src/modules/groupchat/export/transcript.js';

const evil = `</pre><script>alert("x")</script><img src=x onerror='y'>&`;

const transcript = (text: string, name = 'Backend'): Transcript => ({
  groupChat: {
    id: '1',
    name,
    state: 'idle',
    moderator: {
      sessionId: 'm',
      name,
      agent: 'demo',
      agentLabel: 'demo',
      remote: false,
      hostName: null,
      readOnly: 'enforced',
    },
    participants: [
      {
        ...{ sessionId: 'a', name, handle: name, remote: true, hostName: name },
        ...{ readOnly: 'advisory', state: 'idle' },
      },
    ],
    limits: { maxRounds: 6, participantTimeoutMs: 1, maxCostUsd: null },
    queued: 0,
    archived: false,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
  },
  messages: [
    {
      id: '2',
      groupChatId: '1',
      seq: 1,
      round: 1,
      from: 'participant',
      sessionId: 'a',
      name,
      text,
      late: true,
      readOnly: false,
      turnId: 't',
      at: '2026-01-01T00:00:00.000Z',
    },
  ],
  rounds: [],
});

describe('A chat exported as HTML', () => {
  it('holds every text escaped', () => {
    const html = toHtml(transcript(evil, evil));
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<img');
    expect(html.match(/<\/pre>/g)).toHaveLength(1);
    expect(html).toContain(
      '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&lt;img src=x onerror=&#39;y&#39;&gt;&amp;',
    );
  });

  it('loads nothing and says when an answer was late', () => {
    const html = toHtml(transcript('hello'));
    expect(html).toContain(`default-src 'none'`);
    expect(html).not.toMatch(/(?:src|href)=/);
    expect(html).toContain('round 1, late');
  });
});

describe('A chat exported as Markdown', () => {
  it('keeps the texts as they are', () => {
    expect(toMarkdown(transcript('**bold** $& <b>'))).toContain('\n\n**bold** $& <b>\n');
  });

  it('lets no name break out of its heading', () => {
    const markdown = toMarkdown(transcript('x', 'a\n# b *c*'));
    expect(markdown.match(/^# /gm)).toHaveLength(1);
    expect(markdown).toContain(String.raw`# a \# b \*c\*`);
  });
});
