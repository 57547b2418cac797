import { Controller, Get } from '@nestjs/common';
import { type Detection } from '../../agents/index.js';
import { Answers } from '../../platform/http/index.js';
import { HostTestsService } from './host-tests.service.js';
import { detectionsSchema } from './remotes.schemas.js';

@Controller('hosts/local')
export class LocalHostController {
  constructor(private readonly tests: HostTestsService) {}

  @Get('agents')
  @Answers(detectionsSchema)
  agents(): Promise<Detection[]> {
    return this.tests.detect(null);
  }
}
