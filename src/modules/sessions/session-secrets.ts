import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Sealer } from '../../platform/access/index.js';

const environment = z.record(z.string(), z.string());

/** Seals and opens the environment of sessions, bound to the session's id. */
@Injectable()
export class SessionSecrets {
  constructor(private readonly sealer: Sealer) {}

  sealEnv(sessionId: string, env: Record<string, string>): string {
    return this.sealer.seal(JSON.stringify(env), `sessions/${sessionId}/env`);
  }

  openEnv(sessionId: string, sealed: string): Record<string, string> {
    const plain = this.sealer.open(sealed, `sessions/${sessionId}/env`).toString('utf8');
    return environment.parse(JSON.parse(plain));
  }
}
