import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { QuarantineRow } from '#projections';
import type { Access } from '#vault';
import { PURPOSES } from '../auth/principal.ts';
import type { CursorCodec } from '../cursor.ts';
import { ApiError } from '../errors.ts';
import { callerOf } from '../fastify.ts';
import type { Routes } from '../fastify.ts';
import { given } from '../given.ts';
import { accessOf, purposeOf } from '../opening.ts';
import { PageQuery, paging, scopeOf } from '../page.ts';
import { isoOf } from '../time.ts';
import type { Views } from '../views.ts';

/** What became of a try to take a quarantined record in. */
export interface ReplayOutcome {
  /** accepted, refused or expired */
  readonly outcome: string;
  readonly reason?: string | undefined;
}

export interface QuarantineDeps {
  readonly views: Views;
  /** The record's own bytes; rejects when its day key is gone. Leaves an access record first. */
  readonly open: (access: Access, row: QuarantineRow) => Promise<Uint8Array>;
  /** Takes it in anew; leaves an access record first. */
  readonly replay: (access: Access, row: QuarantineRow) => Promise<ReplayOutcome>;
  readonly cursors: CursorCodec;
}

const Row = Type.Object({
  id: Type.String(),
  log: Type.String(),
  position: Type.Integer(),
  source: Type.String(),
  accountId: Type.Optional(Type.String()),
  at: Type.String({ format: 'date-time' }),
  reason: Type.String(),
  format: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  size: Type.Integer({ description: 'Bytes of the record as it came.' }),
  replay: Type.Optional(
    Type.Object({
      attempt: Type.Integer(),
      outcome: Type.String(),
      reason: Type.Optional(Type.String()),
    }),
  ),
});
const ListQuery = Type.Object(
  { ...PageQuery, reason: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) },
  { additionalProperties: false },
);
const ListAnswer = Type.Object({ items: Type.Array(Row), next: Type.Optional(Type.String()) });
const IdParams = Type.Object({ id: Type.String({ format: 'uuid' }) });
const OpenBody = Type.Object(
  { purpose: Type.Optional(Type.Enum([...PURPOSES])) },
  { additionalProperties: false },
);
const Opened = Type.Object({
  id: Type.String(),
  purpose: Type.String(),
  body: Type.String({ description: 'The record as it came, base64' }),
});
const Outcome = Type.Object({
  id: Type.String(),
  outcome: Type.String(),
  reason: Type.Optional(Type.String()),
});

/** Records that could not be accepted: list, one, its sealed body opened, and a replay. */
export function quarantineRoutes(deps: QuarantineDeps): Routes {
  const { views, cursors } = deps;
  const find = async (id: string): Promise<QuarantineRow> => {
    const row = await views.getQuarantined(id);
    if (row === undefined)
      throw new ApiError('not_found', 'there is no quarantined record with this id');
    return row;
  };

  return (app) => {
    app.get(
      '/v1/quarantine',
      {
        config: { permission: 'quarantine.read' },
        schema: {
          tags: ['quarantine'],
          summary: 'Quarantined records, newest first, bodies sealed',
          querystring: ListQuery,
          response: { 200: ListAnswer },
        },
      },
      async (request) => {
        const { cursor, limit = 50, reason } = request.query;
        const page = paging(cursors, scopeOf('quarantine', { reason }), cursor);
        const { rows, next } = await views.listQuarantine({
          limit,
          ...given({ reason, cursor: page.cursor }),
        });
        return { items: rows.map(rowOf), ...page.next(next) };
      },
    );
    app.get(
      '/v1/quarantine/:id',
      {
        config: { permission: 'quarantine.read' },
        schema: {
          tags: ['quarantine'],
          summary: 'One quarantined record, its body sealed',
          params: IdParams,
          response: { 200: Row },
        },
      },
      async (request) => rowOf(await find(request.params.id)),
    );
    app.post(
      '/v1/quarantine/:id/open',
      {
        config: { permission: 'quarantine.open' },
        schema: {
          tags: ['quarantine'],
          summary: 'Open its body',
          description: 'Puts who opens and why on record first.',
          params: IdParams,
          body: OpenBody,
          response: { 200: Opened },
        },
      },
      async (request) => {
        const caller = callerOf(request);
        const access = accessOf(caller, purposeOf(caller, request.body.purpose));
        const row = await find(request.params.id);
        const body = await deps.open(access, row);
        return { id: row.id, purpose: access.purpose, body: Buffer.from(body).toString('base64') };
      },
    );
    app.post(
      '/v1/quarantine/:id/replay',
      {
        config: { permission: 'quarantine.replay' },
        schema: {
          tags: ['quarantine'],
          summary: 'Try again to accept it',
          description: 'Harmless to repeat: what was accepted before is absorbed by event id.',
          params: IdParams,
          response: { 200: Outcome },
        },
      },
      async (request) => {
        const row = await find(request.params.id);
        const { outcome, reason } = await deps.replay(
          accessOf(callerOf(request), 'fault_finding'),
          row,
        );
        return { id: row.id, outcome, ...given({ reason }) };
      },
    );
  };
}

function rowOf({
  id,
  log,
  position,
  source,
  reason,
  size,
  ...row
}: QuarantineRow): Static<typeof Row> {
  const { format, detail, replay } = row;
  const accountId = row.accountId === '' ? undefined : row.accountId;
  return {
    id,
    log,
    position,
    source,
    reason,
    size,
    at: isoOf(row.at),
    ...given({ accountId, format, detail, replay }),
  };
}
