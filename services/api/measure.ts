import { Counter, Histogram } from 'prom-client';
import type { Logger, Metrics } from '#platform';
import type { Api } from './fastify.ts';

const BUCKETS_S = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

/**
 * Counts and logs each request by its route's pattern, never by its URL: what a caller put into a
 * path or a query string is in no log and no metric.
 */
export function measureRequests(app: Api, metrics: Metrics, logger: Logger): void {
  const seconds = new Histogram({
    name: 'tollbook_http_request_seconds',
    help: 'Time from request to answer, by route and status class.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS_S,
    registers: [metrics],
  });
  const refused = new Counter({
    name: 'tollbook_http_refused_total',
    help: 'Requests answered 401 or 403.',
    labelNames: ['status'],
    registers: [metrics],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    const status = reply.statusCode;
    seconds.observe(
      { method: request.method, route, status: `${Math.floor(status / 100)}xx` },
      reply.elapsedTime / 1000,
    );
    if (status === 401 || status === 403) refused.inc({ status: String(status) });
    logger.debug(
      {
        requestId: request.id,
        method: request.method,
        route,
        status,
        actor: request.principal?.actor,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
  });
}
