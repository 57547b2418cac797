import { Injectable } from '@nestjs/common';
import { PRICE_LIST } from '../../agents/index.js';
import { sqlState } from '../../platform/database/index.js';
import { InvalidRequest } from '../../platform/http/index.js';
import { UsageRecords } from './storage/usage-records.repository.js';
import { type UsageReport } from './usage.js';
import { type UsageQuery } from './usage.schemas.js';

const UNKNOWN_TIME_ZONE = '22023';

@Injectable()
export class UsageService {
  constructor(private readonly records: UsageRecords) {}

  async report(asked: UsageQuery): Promise<UsageReport> {
    try {
      return { ...(await this.records.totals(asked)), prices: PRICE_LIST };
    } catch (error) {
      if (sqlState(error) !== UNKNOWN_TIME_ZONE) throw error;
      const detail = 'Must be a time zone that PostgreSQL knows';
      throw new InvalidRequest([{ pointer: '?timeZone', detail }]);
    }
  }
}
