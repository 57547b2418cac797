import { Injectable } from '@nestjs/common';
import { type ReadinessCheck } from '../observability/index.js';
import { Database } from './database.js';

@Injectable()
export class DatabaseReadiness implements ReadinessCheck {
  readonly name = 'database';

  constructor(private readonly database: Database) {}

  async check(): Promise<void> {
    await this.database.query('SELECT 1');
  }
}
