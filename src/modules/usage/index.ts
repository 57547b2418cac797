export { UsageRecords } from './storage/usage-records.repository.js';
export { UsageModule } from './usage.module.js';
export { usageSchema } from './usage.schemas.js';
