import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type ReadinessCheck } from '../observability/index.js';

@Injectable()
export class MigrationsReadiness implements ReadinessCheck {
  readonly name = 'migrations';

  constructor(private readonly source: DataSource) {}

  async check(): Promise<void> {
    if (await this.source.showMigrations()) throw new Error('some migrations have not run');
  }
}
