import {
  answersSection,
  participantsSection,
  questionSection,
  roleSection,
} from '../../agents/index.js';

/** One thing that was said, as a prompt quotes it. */
export interface Quote {
  name: string;
  text: string;
}

export interface RoundSoFar {
  number: number;
  /** The words with which the moderator opened the round. */
  asked: string;
  answers: { handle: string; text: string }[];
}

export interface Seat {
  handle: string;
  agent: string;
  host: string;
}

/** Images that came with the user's message. */
export interface ImagesBrief {
  names: string[];
  /** Whether they go with the prompt; an agent that takes none is only told of them. */
  shown: boolean;
}

export interface ModeratorBrief {
  chat: string;
  participants: Seat[];
  /** Sessions that a mention would bring into the chat. */
  available: Seat[];
  /** What was said before the question, oldest first. */
  transcript: Quote[];
  question: string;
  images: ImagesBrief | null;
  rounds: RoundSoFar[];
  /** Set for the last turn of a question: why nobody can be asked any more. */
  last: 'round-limit' | 'cost-limit' | null;
  /** It works in an empty directory, because its agent is only asked not to write. */
  apart: boolean;
  /** Set when its answer addressed nobody by mistake. */
  correction: { answer: string; complaint: string } | null;
}

const MODERATOR = `You moderate a group chat in which the agents below work for a user, each on its own machine and in its own project.
Decide whom to ask, put their answers together, and answer the user. You only read and decide: the participants do the work.`;

/** The contract between moderator and engine. Not a matter of taste, so it is no part of any text that users edit. */
const ROUTING = `ROUTING:
- To ask a participant, write @handle in your answer, exactly as listed. Everybody whom you mention gets your whole answer, at once and in parallel, and you get all their answers together.
- Announcing that you will ask somebody asks nobody: only an @handle does.
- To finish, answer the user without any @handle. Write names without @ when you only speak about somebody.
- An @ in code addresses nobody.`;

const APART = `ACCESS:
You work in an empty directory of your own, apart from every project: none of their files are there, so ask the participants.
Read only: change nothing, there or anywhere else.`;

const LAST = {
  'round-limit': `LAST:
This was the last round. Answer the user now from what you have; nobody can be asked any more, and mentions have no effect.`,
  'cost-limit': `LAST:
The cost limit of this question is reached. Answer the user now from what you have; nobody can be asked any more, and mentions have no effect.`,
};

/** Everything the moderator needs: each of its turns starts in a new conversation. */
export const moderatorPrompt = (brief: ModeratorBrief): string =>
  sections(
    roleSection('moderator'),
    MODERATOR,
    `CHAT: ${oneLine(brief.chat)}`,
    brief.apart && APART,
    participantsSection(brief.participants),
    brief.available.length > 0 &&
      quoted(
        'AVAILABLE:',
        [
          'Not in the chat; a mention brings them in. Only when the user wants them, or nobody present can help.',
          ...brief.available.map(({ handle, agent, host }) => `@${handle} (${agent}, ${host})`),
        ].join('\n'),
      ),
    ROUTING,
    transcriptSection(brief.transcript),
    questionSection(brief.question),
    imagesSection(brief.images),
    ...brief.rounds.flatMap(({ number, asked, answers }) => [
      quoted('ASKED:', asked),
      answersSection(number, answers),
    ]),
    brief.correction &&
      quoted(
        'CORRECTION:',
        `You answered:\n${brief.correction.answer}\n\nThat addressed nobody. ${brief.correction.complaint}\nAnswer again: with handles from the list, or without any mention when you are done.`,
      ),
    brief.last && LAST[brief.last],
  );

export interface ParticipantBrief {
  chat: string;
  handle: string;
  transcript: Quote[];
  /** The moderator's words. */
  asked: string;
  images: ImagesBrief | null;
  readOnly: boolean;
}

export const participantPrompt = (brief: ParticipantBrief): string =>
  sections(
    roleSection('participant'),
    `You are @${brief.handle} in a group chat with other agents. The moderator asks you; do your part in your own project, on the machine where you are.
Begin your answer with one sentence that sums it up. Leave to the others what is addressed to them.`,
    `CHAT: ${oneLine(brief.chat)}`,
    brief.readOnly &&
      `ACCESS:
Read only. Look at whatever you need, but change nothing: no file, no commit, no setting.`,
    transcriptSection(brief.transcript),
    questionSection(brief.asked),
    imagesSection(brief.images),
  );

/** What the moderator reads in the place of an answer that did not come. */
export const missingAnswer = (
  outcome: 'failed' | 'timed-out' | 'stopped',
  reason: string,
): string => `[${outcome.replace('-', ' ')}: ${reason}]`;

const transcriptSection = (quotes: readonly Quote[]): string | null =>
  quotes.length === 0
    ? null
    : quoted('TRANSCRIPT:', quotes.map(({ name, text }) => `${oneLine(name)}: ${text}`).join('\n'));

const imagesSection = (images: ImagesBrief | null): string | null =>
  images &&
  quoted(
    'IMAGES:',
    [
      images.shown
        ? "The user's message came with these images, which you have been given too:"
        : "The user's message came with these images, which you cannot be shown. Others in the chat may see them:",
      ...images.names.map((name) => `- ${oneLine(name)}`),
    ].join('\n'),
  );

/** Indented, so that nothing that was quoted can pass for a heading. */
const quoted = (heading: string, text: string): string =>
  `${heading}\n${text.replaceAll(/^(?=.)/gm, '  ')}`;

const sections = (...parts: (string | false | null)[]): string =>
  `${parts.filter((part) => typeof part === 'string').join('\n\n')}\n`;

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
