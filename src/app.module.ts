import { type DynamicModule, Module } from '@nestjs/common';
import { migrations } from './migrations/index.js';
import { AutorunModule } from './modules/autorun/index.js';
import { GroupChatModule } from './modules/groupchat/index.js';
import { RemotesModule } from './modules/remotes/index.js';
import { SessionsModule } from './modules/sessions/index.js';
import { UsageModule } from './modules/usage/index.js';
import { WorktreesModule } from './modules/worktrees/index.js';
import { AccessModule } from './platform/access/index.js';
import { type Config, ConfigModule } from './platform/config/index.js';
import {
  DatabaseModule,
  DatabaseReadiness,
  MigrationsReadiness,
} from './platform/database/index.js';
import { EventsModule } from './platform/events/index.js';
import { HttpModule } from './platform/http/index.js';
import { ObservabilityModule } from './platform/observability/index.js';
import { QueueModule, QueueReadiness } from './platform/queue/index.js';
import { RealtimeModule } from './platform/realtime/index.js';

const POOL_SIZE = 20;

@Module({})
export class AppModule {
  /** @param databaseUrl the configured database, or the embedded one that was started for this process. */
  static forRoot(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot({ url: databaseUrl, migrations, poolSize: POOL_SIZE }),
        EventsModule,
        QueueModule.forRoot({
          databaseUrl,
          redisUrl: config.redisUrl,
          work: config.role !== 'api',
          sweepMs: config.sweepMs,
        }),
        HttpModule,
        AccessModule,
        ObservabilityModule.forRoot({
          checks: [DatabaseReadiness, MigrationsReadiness, QueueReadiness],
        }),
        ...(config.role === 'worker' ? [] : [RealtimeModule]),
        RemotesModule,
        UsageModule,
        SessionsModule,
        WorktreesModule,
        AutorunModule,
        GroupChatModule,
      ],
    };
  }
}
