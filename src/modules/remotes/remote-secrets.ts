import { Injectable } from '@nestjs/common';
import { Sealer } from '../../platform/access/index.js';
import { keptEnvSchema } from './remotes.schemas.js';

/** Seals and opens what a remote keeps secret. Bound to the remote's id: sealed values can't be moved between rows. */
@Injectable()
export class RemoteSecrets {
  constructor(private readonly sealer: Sealer) {}

  seal(remoteId: string, plain: string | null, what: 'private-key' | 'passphrase'): string | null {
    return plain === null ? null : this.sealer.seal(plain, `remotes/${remoteId}/${what}`);
  }

  open(remoteId: string, sealed: string, what: 'private-key' | 'passphrase'): Buffer {
    return this.sealer.open(sealed, `remotes/${remoteId}/${what}`);
  }

  sealEnv(remoteId: string, env: Record<string, string>): string {
    return this.sealer.seal(JSON.stringify(env), `remotes/${remoteId}/env`);
  }

  openEnv(remoteId: string, sealed: string): Record<string, string> {
    const plain = this.sealer.open(sealed, `remotes/${remoteId}/env`).toString('utf8');
    return keptEnvSchema.parse(JSON.parse(plain));
  }
}
