import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type MigrationInterface } from 'typeorm';
import { Database } from './database.js';
import { migrate } from './migrate.js';
import { StandingConnection } from './standing-connection.js';

export interface DatabaseOptions {
  url: string;
  migrations: (new () => MigrationInterface)[];
  /** Connections of this process; PostgreSQL's own `max_connections` is shared by all processes. */
  poolSize: number;
}

@Global()
@Module({})
export class DatabaseModule {
  static forRoot({ url, migrations, poolSize }: DatabaseOptions): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            type: 'postgres',
            url,
            autoLoadEntities: true,
            migrations,
            poolSize,
            synchronize: false,
            installExtensions: false,
            parseInt8: true,
            applicationName: 'maestro-server',
            retryAttempts: 3,
            retryDelay: 1_000,
          }),
          dataSourceFactory: async (options) => {
            if (!options) throw new Error('TypeORM gave no options to the data source');
            const source = await new DataSource(options).initialize();
            await migrate(source);
            return source;
          },
        }),
      ],
      providers: [Database, StandingConnection],
      exports: [Database, StandingConnection],
    };
  }
}
