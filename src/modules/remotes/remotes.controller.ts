import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
} from '@nestjs/common';
import { Requires } from '../../platform/access/index.js';
import {
  Answers,
  Creates,
  id,
  type Page,
  type PageQuery,
  pageQuery,
  ResourceId,
} from '../../platform/http/index.js';
import { HostKeyDecisions } from './host-keys/host-key-decisions.js';
import { HostTestsService } from './host-tests.service.js';
import { type HostKeyImport, type Remote, type ShownHostKeys } from './remote.js';
import {
  type AcceptHostKey,
  acceptHostKeySchema,
  type CreateRemote,
  createRemoteSchema,
  hostKeyImportSchema,
  hostKeysSchema,
  type ImportHostKeys,
  importHostKeysSchema,
  type ImportRemote,
  importRemoteSchema,
  type PatchRemote,
  patchRemoteSchema,
  remotePageSchema,
  remoteSchema,
  sshConfigSchema,
  type TestAnswer,
  testAnswerSchema,
  type TestDraft,
  testDraftSchema,
  type TestRemote,
  testRemoteSchema,
} from './remotes.schemas.js';
import { RemoteTargets } from './remote-targets.js';
import { RemotesService } from './remotes.service.js';

@Controller('remotes')
export class RemotesController {
  constructor(
    private readonly remotes: RemotesService,
    private readonly tests: HostTestsService,
    private readonly hostKeys: HostKeyDecisions,
    private readonly targets: RemoteTargets,
  ) {}

  @Get()
  @Answers(remotePageSchema)
  list(@Query({ schema: pageQuery }) query: PageQuery): Promise<Page<Remote>> {
    return this.remotes.list(query);
  }

  @Post()
  @Requires('admin')
  @Creates(remoteSchema, (remote) => `/remotes/${remote.id}`)
  create(
    @ResourceId() remoteId: string,
    @Body({ schema: createRemoteSchema }) input: CreateRemote,
  ): Promise<Remote> {
    return this.remotes.create(remoteId, input);
  }

  @Post('test')
  @Requires('admin')
  @Answers(testAnswerSchema)
  testDraft(@Body({ schema: testDraftSchema }) draft: TestDraft): Promise<TestAnswer> {
    return this.tests.testDraft(draft);
  }

  @Post('import')
  @Requires('admin')
  @Creates(remoteSchema, (remote) => `/remotes/${remote.id}`)
  import(
    @ResourceId() remoteId: string,
    @Body({ schema: importRemoteSchema }) input: ImportRemote,
  ): Promise<Remote> {
    return this.remotes.import(remoteId, input);
  }

  @Get('ssh-config')
  @Requires('admin')
  @Answers(sshConfigSchema)
  sshConfig(): ReturnType<RemoteTargets['sshConfigHosts']> {
    return this.targets.sshConfigHosts();
  }

  @Get(':id')
  @Answers(remoteSchema)
  get(@Param('id', { schema: id }) remoteId: string): Promise<Remote> {
    return this.remotes.get(remoteId);
  }

  @Patch(':id')
  @Requires('admin')
  @Answers(remoteSchema)
  patch(
    @Param('id', { schema: id }) remoteId: string,
    @Body({ schema: patchRemoteSchema }) patch: PatchRemote,
  ): Promise<Remote> {
    return this.remotes.patch(remoteId, patch);
  }

  @Delete(':id')
  @Requires('admin')
  @HttpCode(204)
  delete(@Param('id', { schema: id }) remoteId: string): Promise<void> {
    return this.remotes.delete(remoteId);
  }

  @Post(':id/test')
  @Requires('admin')
  @Answers(testAnswerSchema)
  test(
    @Param('id', { schema: id }) remoteId: string,
    @Body({ schema: testRemoteSchema }) request: TestRemote,
  ): Promise<TestAnswer> {
    return this.tests.testRemote(remoteId, request);
  }

  @Put(':id/default')
  @Requires('admin')
  @Answers(remoteSchema)
  setDefault(@Param('id', { schema: id }) remoteId: string): Promise<Remote> {
    return this.remotes.setDefault(remoteId, true);
  }

  @Delete(':id/default')
  @Requires('admin')
  @Answers(remoteSchema)
  clearDefault(@Param('id', { schema: id }) remoteId: string): Promise<Remote> {
    return this.remotes.setDefault(remoteId, false);
  }

  @Get(':id/host-key')
  @Answers(hostKeysSchema)
  hostKey(@Param('id', { schema: id }) remoteId: string): Promise<ShownHostKeys> {
    return this.hostKeys.of(remoteId);
  }

  @Post(':id/host-key/accept')
  @Requires('admin')
  @Answers(hostKeysSchema)
  acceptHostKey(
    @Param('id', { schema: id }) remoteId: string,
    @Body({ schema: acceptHostKeySchema }) { fingerprint }: AcceptHostKey,
  ): Promise<ShownHostKeys> {
    return this.remotes.acceptHostKey(remoteId, fingerprint);
  }

  @Post(':id/host-key/import')
  @Requires('admin')
  @Answers(hostKeyImportSchema)
  importHostKeys(
    @Param('id', { schema: id }) remoteId: string,
    @Body({ schema: importHostKeysSchema }) { knownHosts }: ImportHostKeys,
  ): Promise<HostKeyImport> {
    return this.remotes.importHostKeys(remoteId, knownHosts);
  }

  @Delete(':id/host-key')
  @Requires('admin')
  @Answers(hostKeysSchema)
  forgetHostKeys(@Param('id', { schema: id }) remoteId: string): Promise<ShownHostKeys> {
    return this.remotes.forgetHostKeys(remoteId);
  }
}
