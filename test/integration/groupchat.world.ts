import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AgentRegistry } from '../../src/agents/index.js';
import { migrations } from '../../src/migrations/index.js';
import { Chronicle } from '../../src/modules/groupchat/chronicle.js';
import { ConversationService } from '../../src/modules/groupchat/conversation.service.js';
import {
  type GroupChat,
  type Message,
  type Round,
} from '../../src/modules/groupchat/groupchat.answers.js';
import { type NewGroupChat } from '../../src/modules/groupchat/groupchat.schemas.js';
import { GroupChatsService } from '../../src/modules/groupchat/groupchats.service.js';
import { Moderators } from '../../src/modules/groupchat/moderators.service.js';
import { Participation } from '../../src/modules/groupchat/participation.js';
import { ParticipantsService } from '../../src/modules/groupchat/participants.service.js';
import { People } from '../../src/modules/groupchat/people.js';
import { AdvanceGroupChat } from '../../src/modules/groupchat/rounds/advance-group-chat.handler.js';
import { Arrows } from '../../src/modules/groupchat/rounds/arrows.js';
import { AskModerator } from '../../src/modules/groupchat/rounds/ask-moderator.js';
import { CloseRound } from '../../src/modules/groupchat/rounds/close-round.js';
import { CollectAnswers } from '../../src/modules/groupchat/rounds/collect-answers.js';
import { Delegate } from '../../src/modules/groupchat/rounds/delegate.js';
import { EndQuestion } from '../../src/modules/groupchat/rounds/end-question.js';
import { ExpireTurns } from '../../src/modules/groupchat/rounds/expire-turns.js';
import { ModeratorBriefs } from '../../src/modules/groupchat/rounds/moderator-briefs.js';
import { Pictures } from '../../src/modules/groupchat/rounds/picture.js';
import { QuestionImages } from '../../src/modules/groupchat/rounds/question-images.js';
import { RouteModeratorAnswer } from '../../src/modules/groupchat/rounds/route-moderator-answer.js';
import { StartQuestion } from '../../src/modules/groupchat/rounds/start-question.js';
import { GroupChatEntity } from '../../src/modules/groupchat/storage/group-chat.entity.js';
import { GroupChatsRepository } from '../../src/modules/groupchat/storage/group-chats.repository.js';
import { MessageEntity } from '../../src/modules/groupchat/storage/message.entity.js';
import { MessagesRepository } from '../../src/modules/groupchat/storage/messages.repository.js';
import { ParticipantEntity } from '../../src/modules/groupchat/storage/participant.entity.js';
import { QuestionEntity } from '../../src/modules/groupchat/storage/question.entity.js';
import { RoundEntity } from '../../src/modules/groupchat/storage/round.entity.js';
import { RoundTurnEntity } from '../../src/modules/groupchat/storage/round-turn.entity.js';
import { RoundsRepository } from '../../src/modules/groupchat/storage/rounds.repository.js';
import { Views } from '../../src/modules/groupchat/views.js';
import {
  ScratchDirectories,
  type Session,
  SessionNotFound,
  type SessionsService,
  type Turn,
  type TurnState,
  TurnsService,
} from '../../src/modules/sessions/index.js';
import { ScratchDirectoriesRepository } from '../../src/modules/sessions/storage/scratch-directories.repository.js';
import { SessionEntity } from '../../src/modules/sessions/storage/session.entity.js';
import { ImagesRepository } from '../../src/modules/sessions/storage/images.repository.js';
import { SessionsRepository } from '../../src/modules/sessions/storage/sessions.repository.js';
import { TurnClaims } from '../../src/modules/sessions/storage/turn-claims.js';
import { TurnEntity } from '../../src/modules/sessions/storage/turn.entity.js';
import { TurnsRepository } from '../../src/modules/sessions/storage/turns.repository.js';
import { TurnEvents } from '../../src/modules/sessions/turn-events.js';
import { Database } from '../../src/platform/database/index.js';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { DomainError } from '../../src/platform/errors/index.js';
import { type Doorbell } from '../../src/platform/events/doorbell.js';
import { EventLog } from '../../src/platform/events/index.js';
import { type Config } from '../../src/platform/config/index.js';
import { type JobQueue, type Presence } from '../../src/platform/queue/index.js';

/** The end that the test gives to a turn, in the place of an agent. */
export interface End {
  state?: TurnState;
  text?: string;
  costUsd?: number;
  error?: Turn['error'];
}

class RemoteIsDisabled extends DomainError {
  readonly code = 'remotes/disabled';
  readonly status = 409;
}

/** Group chats on a real database; agents and queue are played by the test. */
export class World {
  private constructor(
    readonly database: Database,
    readonly chats: GroupChatsService,
    readonly conversation: ConversationService,
    readonly participants: ParticipantsService,
    readonly turns: TurnsService,
    private readonly events: FragileLog,
    private readonly handler: AdvanceGroupChat,
    readonly close: () => Promise<void>,
  ) {}

  static async open(): Promise<World> {
    const dir = await mkdtemp(join(tmpdir(), 'groupchat-'));
    const postgres = await startEmbeddedPostgres({ dir, log: () => undefined, fsync: false });
    const source = await new DataSource({
      type: 'postgres',
      url: postgres.url,
      entities: [
        GroupChatEntity,
        MessageEntity,
        ParticipantEntity,
        QuestionEntity,
        RoundEntity,
        RoundTurnEntity,
        SessionEntity,
        TurnEntity,
      ],
      migrations,
      installExtensions: false,
      parseInt8: true,
    }).initialize();
    await migrate(source);
    return World.wire(new Database(source), async () => {
      await source.destroy();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    });
  }

  private static wire(database: Database, close: () => Promise<void>): World {
    const jobs = { ring: () => undefined } as unknown as JobQueue;
    const events = new FragileLog(database, { ring: () => undefined } as unknown as Doorbell);
    const sessionRows = new SessionsRepository(database);
    const agents = new AgentRegistry();
    const turns = new TurnsService(
      database,
      new TurnsRepository(database),
      sessionRows,
      new TurnClaims(database, {} as Presence, {} as Config),
      new ImagesRepository(database),
      refusing as never,
      agents,
      new TurnEvents(events, sessionRows),
      jobs,
    );
    const sessions = new StoredSessions(database) as unknown as SessionsService;
    const chats = new GroupChatsRepository(database);
    const scratch = new ScratchDirectoriesRepository(database);
    const messages = new MessagesRepository(database);
    const rounds = new RoundsRepository(database);
    const people = new People(sessions);
    const participation = new Participation(chats, events);
    const chronicle = new Chronicle(chats, messages, rounds, events);
    const views = new Views(chats, rounds, people);
    const groupChats = new GroupChatsService(
      database,
      chats,
      rounds,
      new Moderators(chats, sessions, agents, new ScratchDirectories(scratch, jobs)),
      people,
      participation,
      chronicle,
      views,
    );
    const conversation = new ConversationService(
      database,
      groupChats,
      messages,
      rounds,
      turns,
      new ImagesRepository(database),
      people,
      participation,
      chronicle,
      views,
      jobs,
    );
    const end = new EndQuestion(rounds, chronicle);
    const briefs = new ModeratorBriefs(rounds, messages, participation);
    const images = new QuestionImages(messages, turns);
    const moderator = new AskModerator(rounds, turns, briefs, images, chronicle, end);
    const arrows = new Arrows(
      new StartQuestion(rounds, moderator),
      new RouteModeratorAnswer(
        rounds,
        participation,
        chronicle,
        new Delegate(rounds, messages, turns, images, jobs),
        moderator,
        end,
      ),
      new CollectAnswers(rounds, chronicle),
      new ExpireTurns(rounds, turns, chronicle),
      new CloseRound(rounds, moderator),
      end,
    );
    const pictures = new Pictures(rounds, turns);
    return new World(
      database,
      groupChats,
      conversation,
      new ParticipantsService(database, groupChats, chats, rounds, turns, people, participation),
      turns,
      events,
      new AdvanceGroupChat(database, chats, pictures, people, arrows),
      close,
    );
  }

  async session(
    name: string,
    { remoteId = null }: { remoteId?: string | null } = {},
  ): Promise<string> {
    const id = uuid();
    const now = new Date();
    await this.database.of(SessionEntity).insert({
      id,
      name,
      agent: 'demo',
      cwd: `/${id}`,
      remoteId,
      env: '',
      envNames: [],
      args: [],
      limits: {},
      createdAt: now,
      updatedAt: now,
    });
    return id;
  }

  async chat(participants: string[], change: Partial<NewGroupChat> = {}): Promise<GroupChat> {
    const sessionId = await this.session('Boss');
    return this.chats.create(uuid(), {
      name: 'Room',
      moderator: { sessionId },
      participants,
      ...change,
    });
  }

  /** Says something as the user, and lets the chat take it up. */
  async say(chatId: string, text: string, readOnly = false): Promise<Message> {
    const message = await this.conversation.post(chatId, uuid(), { text, readOnly });
    await this.ring(chatId);
    return message;
  }

  ring(chatId: string): Promise<void> {
    return this.handler.handle(chatId);
  }

  /** Rings again and again, and lets each arrow die at each of its events before it may pass. */
  async ringThroughCrashes(chatId: string): Promise<number> {
    for (let crashes = 0; ; crashes += 1) {
      this.events.dieAt = crashes + 1;
      try {
        await this.ring(chatId);
        return crashes;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      } finally {
        this.events.dieAt = null;
      }
    }
  }

  due(): Promise<string[]> {
    return this.handler.due();
  }

  /** The turns that the chat has asked for and that have not ended, oldest first. */
  async open(chatId: string): Promise<Turn[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM turns WHERE owner_id = $1
       AND state NOT IN ('completed', 'failed', 'cancelled', 'lost') ORDER BY id`,
      [chatId],
    );
    return this.turns.find(rows.map(({ id }) => id));
  }

  async openTurn(chatId: string, sessionId: string): Promise<Turn> {
    const turn = (await this.open(chatId)).find((each) => each.sessionId === sessionId);
    if (!turn) throw new Error(`The chat waits for no turn of ${sessionId}`);
    return turn;
  }

  async run(turnId: string): Promise<void> {
    await this.database.query(`UPDATE turns SET state = 'running' WHERE id = $1`, [turnId]);
  }

  /** Ends the turn that the chat waits for from this session, and rings. */
  async answer(chatId: string, sessionId: string, end: End | string): Promise<void> {
    const { id } = await this.openTurn(chatId, sessionId);
    await this.end(id, end);
    await this.ring(chatId);
  }

  async end(turnId: string, end: End | string): Promise<void> {
    const {
      state = 'completed',
      text = null,
      costUsd,
      error = null,
    } = typeof end === 'string' ? { text: end } : end;
    await this.database.query(
      'UPDATE turns SET state = $2, text = $3, usage = $4, error = $5, finished_at = now() WHERE id = $1',
      [turnId, state, text, costUsd === undefined ? null : { costUsd }, error],
    );
  }

  async transcript(chatId: string): Promise<Message[]> {
    return (await this.conversation.transcript(chatId, { limit: 200, cursor: undefined })).items;
  }

  /** `FROM: TEXT` of every message. */
  async said(chatId: string): Promise<string[]> {
    return (await this.transcript(chatId)).map(({ from, text }) => `${from}: ${text}`);
  }

  async rounds(chatId: string): Promise<Round[]> {
    return (await this.conversation.listRounds(chatId, { limit: 200, cursor: undefined })).items;
  }

  async eventsOf<T>(chatId: string, type: string): Promise<T[]> {
    const { events } = await this.events.read(`groupchat:${chatId}`, 0, 1_000);
    return events.filter((event) => event.type === type).map(({ data }) => data as T);
  }
}

class Crash extends Error {}

/** An event log at which a transaction dies, as if the process had been killed. */
class FragileLog extends EventLog {
  /** Counts down the events that are still written. */
  dieAt: number | null = null;

  override async appendAll(...event: Parameters<EventLog['appendAll']>): Promise<number> {
    if (this.dieAt !== null) {
      this.dieAt -= 1;
      if (this.dieAt === 0) throw new Crash();
    }
    return super.appendAll(...event);
  }
}

/** Every remote is switched off. */
const refusing = {
  requireEnabled: async () => {
    throw new RemoteIsDisabled('The remote is disabled', { hint: 'Enable it' });
  },
};

/** What group chats need of `SessionsService`, on the same table. */
class StoredSessions {
  constructor(private readonly database: Database) {}

  async get(id: string): Promise<Session> {
    const [session] = await this.find([id]);
    if (!session) throw new SessionNotFound(id);
    return session;
  }

  async find(ids: readonly string[]): Promise<Session[]> {
    const rows = await this.database.of(SessionEntity).find();
    return rows.filter(({ id }) => ids.includes(id)).map(toSession);
  }

  async all() {
    return (await this.database.of(SessionEntity).find({ order: { id: 'ASC' } })).map(toSession);
  }
}

const toSession = ({ id, name, agent, remoteId }: SessionEntity): Session =>
  ({
    id,
    name,
    agent,
    agentLabel: agent,
    target: { kind: 'local', remote: remoteId !== null, hostName: remoteId && 'far' },
  }) as Session;
