import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Request } from 'express';
import { PUBLIC, Requires } from './access.decorators.js';
import { Forbidden, Unauthenticated } from './access.errors.js';
import { isAtLeast, rememberPrincipal, type Role } from './principal.js';
import { TokenVerifier } from './token-verifier.js';

const BEARER = /^Bearer +(\S+) *$/i;

/** Lets only those in who hold a token, on every route that is not `@Public()`. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Sockets were asked for their token when they connected.
    if (context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets)) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const token = BEARER.exec(request.get('Authorization') ?? '')?.[1];
    const principal = token === undefined ? null : await this.tokens.verify(token);
    if (principal === null) throw new Unauthenticated();
    const needed =
      this.reflector.getAllAndOverride<Role | undefined>(Requires.KEY, targets) ??
      usual(request.method);
    if (!isAtLeast(principal.role, needed)) throw new Forbidden(principal.role, needed);
    rememberPrincipal(request, principal);
    return true;
  }
}

const usual = (method: string): Role =>
  method === 'GET' || method === 'HEAD' ? 'viewer' : 'operator';
