import { Inject, Injectable } from '@nestjs/common';
import { AgentRegistry } from '../../../agents/index.js';
import { type Host } from '../../../hosts/index.js';
import { type Config, CONFIG } from '../../../platform/config/index.js';
import { RemoteHosts } from '../../remotes/index.js';
import { ScratchDirectories } from '../scratch/scratch-directories.js';
import { SessionPlaces } from '../session-places.js';
import { ImagesRepository } from '../storage/images.repository.js';
import { SessionsRepository } from '../storage/sessions.repository.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { TurnsRepository } from '../storage/turns.repository.js';
import {
  conversationOf,
  promptOf,
  TEXT_CHARACTERS,
  type TurnConversation,
} from './turn-conversation.js';
import { type TurnPlan } from './turn-plan.js';
import { TurnTaken } from './turn-recorder.js';
import { unfailing } from './unfailing-adapter.js';

/**
 * How often a turn waits in a row for a limit, unless its session says otherwise: where a CLI tells no time, or a time of
 * day without its zone, every hour of more than a day is tried.
 */
const LIMIT_STREAK = 30;
/** How often a turn is tried again after a passing fault, unless its session says otherwise: over a quarter of an hour. */
const RETRIES = 5;

/** Finds out where, with what and within which limits a turn runs. */
@Injectable()
export class TurnPlanner {
  constructor(
    private readonly rows: SessionsRepository,
    private readonly turns: TurnsRepository,
    private readonly images: ImagesRepository,
    private readonly places: SessionPlaces,
    private readonly hosts: RemoteHosts,
    private readonly agents: AgentRegistry,
    private readonly scratch: ScratchDirectories,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws the refusal of a host that is gone or disabled. */
  async plan(row: TurnRow): Promise<TurnPlan> {
    const session = await this.rows.find(row.sessionId);
    if (!session) throw new TurnTaken();
    const adapter = this.agents.of(session);
    const { resume } = adapter.capabilities;
    const begun = row.parser?.place;
    const ofSession =
      begun?.providerSessionId === undefined ? session.providerSessionId : begun.providerSessionId;
    const conversation = conversationOf(row, resume, ofSession);
    const { resumes } = conversation;
    const [place, spentBefore, prompt, images] = await Promise.all([
      this.places.placeOf(session, row.remoteId),
      begun?.spentBefore !== undefined
        ? begun.spentBefore
        : adapter.tellsTotals === true && resumes !== null
          ? this.rows.spentOn(session.id, resumes)
          : null,
      this.promptOf(row, conversation),
      // A conversation that knows what was asked knows its images too.
      conversation.asks === 'rest' ? [] : this.images.ofTurn(row.id),
    ]);
    const isApart = this.scratch.isNeeded(row, adapter.capabilities);
    // Once it is known where it works, nothing on its host can keep it from being followed to its end.
    const cwd =
      begun?.cwd ??
      row.cwd ??
      (isApart ? await this.scratch.enter(session.id, row.remoteId, place.host) : place.cwd);
    const { silenceMs, toolMs, absoluteMs, ...limits } = session.limits;
    const wholeMs = absoluteMs ?? this.config.turnAbsoluteMs;
    return {
      row,
      ...place,
      cwd,
      retired: this.hosts.retirementOf(place.host),
      adapter: unfailing(adapter),
      request: {
        prompt,
        providerSessionId: resumes,
        readOnly: row.readOnly,
        model: session.model,
        effort: session.effort,
        images,
        args: session.args,
        command: session.command,
        cwd,
        // Known once its host has told where the home directory is.
        directory: '',
        spentBefore,
      },
      conversation,
      limits: {
        silenceMs: silenceMs ?? this.config.turnSilenceMs,
        toolMs: toolMs ?? this.config.turnToolMs,
        absoluteMs: Math.max(0, wholeMs - row.spentMs),
      },
      retries: {
        resumeAfterLimit: limits.resumeAfterLimit ?? true,
        limitStreak: limits.limitStreak ?? LIMIT_STREAK,
        retries: limits.retries ?? RETRIES,
        firstRetryMs: this.config.turnRetryMs,
        absoluteMs: wholeMs,
      },
    };
  }

  /** Where a turn runs that cannot be planned. */
  hostOf({ remoteId }: TurnRow): Promise<Host> {
    return this.hosts.resolve(remoteId);
  }

  private async promptOf(row: TurnRow, { lost, asks }: TurnConversation): Promise<string> {
    const { sessionId, id, fresh, prompt } = row;
    const transcript =
      lost !== null && !fresh ? await this.turns.transcript(sessionId, id, TEXT_CHARACTERS) : [];
    return promptOf(prompt, asks, transcript);
  }
}
