import { Type } from 'typebox';
import type { Routes } from '../fastify.ts';

/** A part the API cannot answer without. Rejects, or answers false, when it is away. */
export interface ReadyCheck {
  readonly name: string;
  check(): Promise<boolean>;
}

export interface HealthDeps {
  readonly checks: readonly ReadyCheck[];
  /** In Prometheus' text format. */
  readonly allMetrics: () => Promise<string>;
  readonly contentType: string;
}

const CHECK_MS = 2_000;

/** `/livez`, `/readyz` for whatever restarts and balances, `/metrics` for Prometheus. */
export function healthRoutes({ checks, allMetrics, contentType }: HealthDeps): Routes {
  return (app) => {
    const Live = Type.Object({ status: Type.Literal('ok') });
    const open = { permission: 'public' } as const;
    app.get(
      '/livez',
      {
        config: open,
        schema: { tags: ['health'], summary: 'The process answers', response: { 200: Live } },
      },
      async () => ({
        status: 'ok' as const,
      }),
    );
    const Ready = Type.Object({
      status: Type.String(),
      parts: Type.Record(Type.String(), Type.Boolean()),
    });
    app.get(
      '/readyz',
      {
        config: open,
        schema: {
          tags: ['health'],
          summary: 'Every part it needs answers (503: one does not)',
          response: { 200: Ready, 503: Ready },
        },
      },
      async (_request, reply) => {
        const results = await Promise.all(
          checks.map(async (part) => [part.name, await passes(part)] as const),
        );
        const ready = results.every(([, ok]) => ok);
        return reply
          .code(ready ? 200 : 503)
          .send({ status: ready ? 'ok' : 'waiting', parts: Object.fromEntries(results) });
      },
    );
    app.get(
      '/metrics',
      {
        config: { permission: 'metrics.read' },
        schema: {
          tags: ['health'],
          summary: 'Prometheus metrics of every process that `up` runs',
          produces: ['text/plain'],
        },
      },
      async (_request, reply) => reply.type(contentType).send(await allMetrics()),
    );
  };
}

async function passes(part: ReadyCheck): Promise<boolean> {
  const timeout = new Promise<boolean>((resolve) => setTimeout(resolve, CHECK_MS, false).unref());
  return Promise.race([part.check().catch(() => false), timeout]);
}
