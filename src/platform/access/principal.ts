import { type Request } from 'express';

/** From the least to the most that one may do. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks. */
export interface Principal {
  name: string;
  role: Role;
}

export const isAtLeast = (role: Role, needed: Role): boolean =>
  ROLES.indexOf(role) >= ROLES.indexOf(needed);

const principals = new WeakMap<Request, Principal>();

/** Remembered by the guard for the time of the request. */
export const rememberPrincipal = (request: Request, principal: Principal): void => {
  principals.set(request, principal);
};

/** Null on routes that are public. */
export const principalOf = (request: Request): Principal | null => principals.get(request) ?? null;
