import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from './errors.ts';
import type { Permission, Principal } from './auth/principal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the handler of every route that is not public; read it with `callerOf`. */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** What the caller must be allowed to do; a route without it does not start. */
    permission?: Permission;
  }
}

/** The server every route file is given: TypeBox schemas type its handlers. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Adds the routes of one resource; hooks and parsers it adds stay its own. */
export type Routes = (app: Api) => Promise<void> | void;

/** Who calls. Only for routes that are not public. */
export function callerOf(request: Pick<FastifyRequest, 'principal'>): Principal {
  if (request.principal === null)
    throw new ApiError('internal', 'this route was reached without authentication');
  return request.principal;
}
