import { randomBytes } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CONFIG, type Config, readOrCreateSecret } from '../config/index.js';
import { AccessGuard } from './access.guard.js';
import { AdminToken } from './admin-token.js';
import { Sealer } from './sealer.js';
import { TokenVerifier } from './token-verifier.js';

@Global()
@Module({
  providers: [
    TokenVerifier,
    {
      provide: AdminToken,
      inject: [CONFIG],
      useFactory: async ({ adminToken, dataDir }: Config): Promise<AdminToken> => {
        if (adminToken !== null) return new AdminToken(adminToken, false);
        const { value, created } = await readOrCreateSecret(dataDir, 'admin-token', newToken);
        return new AdminToken(value, created);
      },
    },
    {
      provide: Sealer,
      inject: [CONFIG],
      useFactory: async ({ secretKey, dataDir }: Config): Promise<Sealer> => {
        if (secretKey !== null) return new Sealer(secretKey);
        return new Sealer((await readOrCreateSecret(dataDir, 'secret-key', newKey)).value);
      },
    },
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [AdminToken, Sealer, TokenVerifier],
})
export class AccessModule {}

const newToken = (): string => `mst_${newKey()}`;
const newKey = (): string => randomBytes(32).toString('base64url');
