import { Injectable } from '@nestjs/common';
import { AdminToken } from './admin-token.js';
import { type Principal } from './principal.js';

/** Says whom a token belongs to; HTTP and sockets ask the same one. */
@Injectable()
export class TokenVerifier {
  constructor(private readonly adminToken: AdminToken) {}

  async verify(token: string): Promise<Principal | null> {
    return this.adminToken.matches(token) ? { name: 'admin', role: 'admin' } : null;
  }
}
