import { Injectable } from '@nestjs/common';
import { PRICE_LIST } from '../../agents/index.js';
import { UsageRecords } from './storage/usage-records.repository.js';
import { type UsageReport } from './usage.js';
import { type UsageQuery } from './usage.schemas.js';

@Injectable()
export class UsageService {
  constructor(private readonly records: UsageRecords) {}

  async report(asked: UsageQuery): Promise<UsageReport> {
    return { ...(await this.records.totals(asked)), prices: PRICE_LIST };
  }
}
