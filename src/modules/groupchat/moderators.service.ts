import { Injectable } from '@nestjs/common';
import {
  AgentRegistry,
  AgentUnsupported,
  requireArguments,
  requireDefinition,
  requireReadOnly,
  requireSettings,
} from '../../agents/index.js';
import { type Tx } from '../../platform/database/index.js';
import { ScratchDirectories, SessionsService } from '../sessions/index.js';
import { type ModeratorChoice } from './groupchat.schemas.js';
import { GroupChatsRepository } from './storage/group-chats.repository.js';

/** Who may moderate, and what becomes of the sessions that do. */
@Injectable()
export class Moderators {
  constructor(
    private readonly chats: GroupChatsRepository,
    private readonly sessions: SessionsService,
    private readonly agents: AgentRegistry,
    private readonly scratch: ScratchDirectories,
  ) {}

  /**
   * A moderator works beside others and must not write. An agent that is only asked not to does so in a directory of its
   * own, where it could do no harm; one that cannot even be asked is refused.
   */
  async require(choice: ModeratorChoice): Promise<void> {
    const isSession = 'sessionId' in choice;
    const settings = isSession ? await this.sessions.get(choice.sessionId) : choice;
    const { agent, custom = null, args = [], command = null } = settings;
    if (!isSession) requireDefinition({ agent, custom, args }, '/moderator');
    const adapter = this.agents.of({ agent, custom });
    if (!isSession) {
      requireSettings(adapter, { ...choice, command }, '/moderator');
      requireArguments(adapter, choice, '/moderator');
    }
    if (adapter.capabilities.readOnly !== 'none') {
      requireReadOnly(adapter, { args, command }, isSession ? '/moderator' : '/moderator/args');
      return;
    }
    const message = `${adapter.label} cannot moderate: it takes no read-only turns`;
    throw new AgentUnsupported(message, {
      hint: 'Choose another agent as moderator; this one may take part.',
      errors: [{ pointer: '/moderator', detail: message }],
    });
  }

  /** The id of the session that moderates; one of its own is made unless one was named. */
  async appoint(tx: Tx, chatName: string, choice: ModeratorChoice): Promise<string> {
    if ('sessionId' in choice) return choice.sessionId;
    const name = `${chatName.slice(0, 180)} moderator`;
    const session = await this.sessions.createIn(tx, { ...choice, name });
    return session.id;
  }

  /** After a session has lost a chat. */
  async dismiss(tx: Tx, sessionId: string): Promise<void> {
    if (!(await this.chats.isModerator(tx, sessionId))) await this.scratch.release(tx, sessionId);
  }
}
