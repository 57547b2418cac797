import { Module } from '@nestjs/common';
import { UsageRecords } from './storage/usage-records.repository.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

/** What agents have used of their providers, and what that cost. */
@Module({
  controllers: [UsageController],
  providers: [UsageService, UsageRecords],
  exports: [UsageRecords],
})
export class UsageModule {}
