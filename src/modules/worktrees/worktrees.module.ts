import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionsModule } from '../sessions/index.js';
import { WorktreeEntity } from './storage/worktree.entity.js';
import { WorktreesRepository } from './storage/worktrees.repository.js';
import { WorktreeCreation } from './worktree-creation.js';
import { WorktreeRemoval } from './worktree-removal.js';
import { WorktreesController } from './worktrees.controller.js';
import { WorktreesService } from './worktrees.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([WorktreeEntity]), SessionsModule],
  controllers: [WorktreesController],
  providers: [WorktreesService, WorktreeCreation, WorktreeRemoval, WorktreesRepository],
  exports: [WorktreesService],
})
export class WorktreesModule {}
