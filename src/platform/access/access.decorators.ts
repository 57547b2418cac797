import { applyDecorators, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import { type Role } from './principal.js';

export const PUBLIC = 'access:public';

/** Open to callers without a token. */
export const Public = (): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(PUBLIC, true), ApiSecurity({}));

/** The least role that may call. Without it: `viewer` for reads, `operator` for everything else. */
export const Requires = Reflector.createDecorator<Role>();
