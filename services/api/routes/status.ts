import { Type } from 'typebox';
import type { Routes } from '../fastify.ts';
import type { LedgerStatus, StatusFeed } from '../status-feed.ts';
import { isoOf } from '../time.ts';

const ViewSchema = Type.Object({
  view: Type.String(),
  lagEvents: Type.Integer({ description: 'Events journaled and not yet in the view.' }),
  lagMs: Type.Number({ description: 'Age of the oldest of them.' }),
  eventsPerSecond: Type.Number(),
});

const LogSchema = Type.Object({
  view: Type.String(),
  log: Type.String(),
  position: Type.Integer(),
  head: Type.Integer(),
  lagEvents: Type.Integer(),
  lagMs: Type.Number(),
});

export const StatusSchema = Type.Object({
  at: Type.String({ format: 'date-time' }),
  events: Type.Integer(),
  eventsPerSecond: Type.Number(),
  quarantined: Type.Integer(),
  views: Type.Array(ViewSchema),
  logs: Type.Array(LogSchema),
});

export function statusBody(status: LedgerStatus) {
  return { ...status, at: isoOf(status.at), views: [...status.views], logs: [...status.logs] };
}

/** `GET /v1/status`: rates, lag of each view, quarantine count. */
export function statusRoutes({ status }: { readonly status: StatusFeed }): Routes {
  return (app) => {
    app.get(
      '/v1/status',
      {
        config: { permission: 'status.read' },
        schema: {
          tags: ['status'],
          summary: 'Rates, lag of each view, quarantine count',
          response: { 200: StatusSchema },
        },
      },
      async () => statusBody(await status.read()),
    );
  };
}
