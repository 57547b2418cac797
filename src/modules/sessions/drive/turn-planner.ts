import { Inject, Injectable } from '@nestjs/common';
import { AgentRegistry } from '../../../agents/index.js';
import { type Config, CONFIG } from '../../../platform/config/index.js';
import { RemoteHosts } from '../../remotes/index.js';
import { SessionsService } from '../sessions.service.js';
import { SessionsRepository } from '../storage/sessions.repository.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { type TurnPlan } from './turn-drive.js';
import { TurnTaken } from './turn-recorder.js';

/** Finds out where, with what and within which limits a turn runs. */
@Injectable()
export class TurnPlanner {
  constructor(
    private readonly rows: SessionsRepository,
    private readonly sessions: SessionsService,
    private readonly hosts: RemoteHosts,
    private readonly agents: AgentRegistry,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws the refusal of a host that is gone or disabled. */
  async plan(row: TurnRow): Promise<TurnPlan> {
    const session = await this.rows.find(row.sessionId);
    if (!session) throw new TurnTaken();
    const adapter = this.agents.get(session.agent);
    const resumes = row.fresh ? null : session.providerSessionId;
    const [place, spentBefore] = await Promise.all([
      this.sessions.placeOf(session, row.remoteId),
      adapter.tellsTotals === true && resumes !== null
        ? this.rows.spentOn(session.id, resumes)
        : null,
    ]);
    return {
      row,
      ...place,
      retired: this.hosts.retirementOf(place.host),
      adapter,
      request: {
        prompt: row.prompt,
        providerSessionId: resumes,
        readOnly: row.readOnly,
        model: session.model,
        effort: null,
        images: [],
        args: session.args,
        command: session.command,
        cwd: place.cwd,
        directory: '',
        spentBefore,
      },
      limits: {
        silenceMs: session.limits.silenceMs ?? this.config.turnSilenceMs,
        absoluteMs: session.limits.absoluteMs ?? this.config.turnAbsoluteMs,
      },
    };
  }
}
