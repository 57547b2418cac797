import { Controller, Get, Query } from '@nestjs/common';
import { Answers } from '../../platform/http/index.js';
import { type UsageReport } from './usage.js';
import { type UsageQuery, usageQuerySchema, usageReportSchema } from './usage.schemas.js';
import { UsageService } from './usage.service.js';

@Controller('usage')
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  /** What turns have used, in groups: the latest days first, else what cost most first. */
  @Get()
  @Answers(usageReportSchema)
  report(@Query({ schema: usageQuerySchema }) asked: UsageQuery): Promise<UsageReport> {
    return this.usage.report(asked);
  }
}
