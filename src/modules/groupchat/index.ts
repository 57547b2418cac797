/** Rooms in which a moderator and participants answer a user, each agent in its own session. */
export { type GroupChat, type Message, type Participant, type Round } from './groupchat.answers.js';
export { GroupChatBusy, GroupChatNotFound } from './groupchat.errors.js';
export { GroupChatModule } from './groupchat.module.js';
export { GroupChatsService } from './groupchats.service.js';
export { type Mentionable, type Mentions, resolveMentions } from './mentions/mentions.js';
