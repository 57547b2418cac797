import { Controller, Get, Inject, NotFoundException, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { CONFIG, type Config } from '../config/index.js';
import { Metrics } from './metrics.js';

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Metrics for Prometheus; a 404 when they have a listener of their own' })
  @ApiProduces('text/plain')
  async read(@Res() response: Response): Promise<void> {
    if (this.config.metricsPort !== null) throw new NotFoundException();
    response.type(this.metrics.contentType).send(await this.metrics.text());
  }
}
