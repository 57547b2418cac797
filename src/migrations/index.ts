import { EventLog1763800000000 } from './1763800000000-event-log.js';
import { Sessions1763800100000 } from './1763800100000-sessions.js';
import { Groupchats1763800200000 } from './1763800200000-groupchats.js';
import { Worktrees1763800300000 } from './1763800300000-worktrees.js';
import { Autorun1763800400000 } from './1763800400000-autorun.js';
import { HopKeys1763800500000 } from './1763800500000-hop-keys.js';
import { HostKeyLines1763800600000 } from './1763800600000-host-key-lines.js';
import { RemoteReports1763800610000 } from './1763800610000-remote-reports.js';
import { TurnsThatWait1763800620000 } from './1763800620000-turns-that-wait.js';
import { SpoolsToRemove1763800630000 } from './1763800630000-spools-to-remove.js';
import { SpoolsOfAttempts1763800640000 } from './1763800640000-spools-of-attempts.js';
import { Images1763800650000 } from './1763800650000-images.js';
import { CustomAgents1763800660000 } from './1763800660000-custom-agents.js';
import { EffortAndScratch1763800670000 } from './1763800670000-effort-and-scratch.js';
import { TurnsThatGoOn1763800680000 } from './1763800680000-turns-that-go-on.js';
import { UsageRecords1763800690000 } from './1763800690000-usage-records.js';
import { ShownImages1763800700000 } from './1763800700000-shown-images.js';

/** The history of the schema, oldest first. */
export const migrations = [
  EventLog1763800000000,
  Sessions1763800100000,
  Groupchats1763800200000,
  Worktrees1763800300000,
  Autorun1763800400000,
  HopKeys1763800500000,
  HostKeyLines1763800600000,
  RemoteReports1763800610000,
  TurnsThatWait1763800620000,
  SpoolsToRemove1763800630000,
  SpoolsOfAttempts1763800640000,
  Images1763800650000,
  CustomAgents1763800660000,
  EffortAndScratch1763800670000,
  TurnsThatGoOn1763800680000,
  UsageRecords1763800690000,
  ShownImages1763800700000,
];
