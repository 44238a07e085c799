import { randomUUID } from 'node:crypto';
import Fastify, { LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Logger, Metrics } from '#platform';
import type { Authenticate } from './auth/authenticate.ts';
import { mayDo } from './auth/principal.ts';
import { ApiError } from './errors.ts';
import type { Api, Routes } from './fastify.ts';
import { addSecurityHeaders } from './headers.ts';
import { measureRequests } from './measure.ts';
import { describeApi } from './openapi.ts';
import { problemOf } from './problem.ts';

export interface ServerOptions {
  readonly authenticate: Authenticate;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** One a route file; each route names its permission. */
  readonly routes: readonly Routes[];
}

const BODY_LIMIT = 1024 * 1024;
const HEADERS_TIMEOUT_MS = 30_000;
const PARAM_LENGTH_MAX = 128;

/**
 * The HTTP server without its routes' content: request ids, authentication and roles, problems,
 * headers, measures, OpenAPI. Deny by default: a route that names no permission stops the start.
 */
export async function createServer(options: ServerOptions): Promise<Api> {
  const { logger } = options;
  const loggerInstance: FastifyBaseLogger = logger;
  const app: Api = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: HEADERS_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    // An id of the client's own choosing could carry anything into the log.
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.decorateRequest('principal', null);
  app.addHook('onRoute', (route) => {
    if (route.config?.permission === undefined) {
      throw new ApiError('internal', `route ${route.url} names no permission: say who may call it`);
    }
  });
  addSecurityHeaders(app);
  measureRequests(app, options.metrics, logger);
  addAuthentication(app, options.authenticate);
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      new ApiError('not_found', 'no route has this path and method; /v1/openapi.json lists them'),
      request,
      reply,
    ),
  );
  await describeApi(app);
  for (const add of options.routes) {
    await app.register(async (scope) => {
      await add(scope.withTypeProvider<TypeBoxTypeProvider>());
    });
  }
  return app;
}

function addAuthentication(app: Api, authenticate: Authenticate): void {
  app.addHook('onRequest', async (request) => {
    const { permission } = request.routeOptions.config;
    // Not-found answers have no permission; there is nothing behind them.
    if (permission === undefined || permission === 'public') return;
    request.principal = await authenticate(request.headers.authorization);
    if (!mayDo(request.principal, permission)) {
      throw new ApiError(
        'forbidden',
        `role ${request.principal.role} may not do this (${permission})`,
      );
    }
  });
}

/** Answers with a problem; faults of ours are logged with their reason, refusals are not. */
function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { problem, retryAfter } = problemOf(error, request.id);
  if (problem.status >= 500)
    request.log.error({ err: error, code: problem.code }, 'request failed');
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="tollbook"');
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem);
}
