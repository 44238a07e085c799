import { Type } from 'typebox';
import { unpackRef } from '#events';
import type { CdrRow } from '#projections';
import { PURPOSES } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';
import { CommunicationSchema, communicationOf } from '../communication.ts';
import type { CursorCodec } from '../cursor.ts';
import { ApiError } from '../errors.ts';
import { given } from '../given.ts';
import { callerOf } from '../fastify.ts';
import type { Routes } from '../fastify.ts';
import { purposeOf } from '../opening.ts';
import type { Opening } from '../opening.ts';
import { IntervalQuery, intervalOf, PageQuery, paging, scopeOf } from '../page.ts';
import { TimelineEventSchema } from '../timeline.ts';
import type { Timeline } from '../timeline.ts';
import type { Views } from '../views.ts';

export interface CommunicationsDeps {
  readonly views: Views;
  readonly timeline: Timeline;
  readonly opening: Opening;
  readonly cursors: CursorCodec;
}

const ListQuery = Type.Object(
  {
    ...PageQuery,
    ...IntervalQuery,
    accountId: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    kind: Type.Optional(Type.Enum(['call', 'sms', 'voicemail'])),
    status: Type.Optional(Type.Enum(['open', 'final', 'corrected', 'timed_out', 'incomplete'])),
  },
  { additionalProperties: false },
);
const ListAnswer = Type.Object({
  items: Type.Array(CommunicationSchema),
  next: Type.Optional(Type.String()),
});
const IdParams = Type.Object({ id: Type.String({ format: 'uuid' }) });
const TimelineAnswer = Type.Object({ items: Type.Array(TimelineEventSchema) });
const OpenBody = Type.Object(
  { purpose: Type.Optional(Type.Enum([...PURPOSES])) },
  { additionalProperties: false },
);
const OpenAnswer = Type.Object({
  id: Type.String({ format: 'uuid' }),
  purpose: Type.String(),
  parties: Type.Array(
    Type.Object({
      role: Type.String(),
      legId: Type.Optional(Type.String()),
      state: Type.String({
        description:
          'open, unavailable (ask again), or unknown; operators are told shredded, lost or tampered',
      }),
      number: Type.Optional(Type.String()),
      fields: Type.Optional(Type.Record(Type.String(), Type.String())),
    }),
  ),
});

const TIMELINE_MAX = 10_000;

/** Call detail records: list, one, its timeline, and its parties opened for a purpose. */
export function communicationRoutes(deps: CommunicationsDeps): Routes {
  /** Another account's record answers as one that never was. */
  const find = async (id: string, caller: Principal): Promise<CdrRow> => {
    const row = await deps.views.getCdr(id);
    if (row === undefined || !maySee(row, caller)) {
      throw new ApiError(
        'not_found',
        'there is no communication with this id; one that was just handed in shows after a moment',
      );
    }
    return ownPartOf(row, caller);
  };

  return (app) => {
    app.get(
      '/v1/communications',
      {
        config: { permission: 'communications.read' },
        schema: {
          tags: ['communications'],
          summary: 'Call detail records, newest first, numbers masked',
          querystring: ListQuery,
          response: { 200: ListAnswer },
        },
      },
      async (request) => {
        const caller = callerOf(request);
        const { cursor, limit = 50, from, to, ...filters } = request.query;
        const accountId = caller.accountId ?? filters.accountId;
        if (filters.accountId !== undefined && filters.accountId !== accountId)
          return { items: [] };
        const scope = scopeOf('communications', { ...filters, accountId, from, to });
        const page = paging(deps.cursors, scope, cursor);
        const { rows, next } = await deps.views.listCdrs({
          limit,
          ...intervalOf(from, to),
          ...given({ ...filters, accountId, cursor: page.cursor }),
        });
        return {
          items: rows.map((row) => communicationOf(ownPartOf(row, caller), caller)),
          ...page.next(next),
        };
      },
    );
    app.get(
      '/v1/communications/:id',
      {
        config: { permission: 'communications.read' },
        schema: {
          tags: ['communications'],
          summary: 'One call detail record',
          params: IdParams,
          response: { 200: CommunicationSchema },
        },
      },
      async (request) =>
        communicationOf(await find(request.params.id, callerOf(request)), callerOf(request)),
    );
    app.get(
      '/v1/communications/:id/timeline',
      {
        config: { permission: 'communications.read' },
        schema: {
          tags: ['communications'],
          summary: 'Its events, read back from the journal',
          params: IdParams,
          response: { 200: TimelineAnswer },
        },
      },
      async (request) => {
        const row = await find(request.params.id, callerOf(request));
        const positions = row.positions.slice(0, TIMELINE_MAX);
        return { items: await deps.timeline.read(positions, callerOf(request).accountId) };
      },
    );
    app.post(
      '/v1/communications/:id/open',
      {
        config: { permission: 'communications.open' },
        schema: {
          tags: ['communications'],
          summary: 'Open its parties',
          description: 'Puts who opens and why on record, then opens. No record, no data.',
          params: IdParams,
          body: OpenBody,
          response: { 200: OpenAnswer },
        },
      },
      async (request) => {
        const caller = callerOf(request);
        const purpose = purposeOf(caller, request.body.purpose);
        const row = await find(request.params.id, caller);
        const opened = await deps.opening.open(caller, purpose, row.parties);
        const parties = row.parties.map(({ role, legId }, place) => ({
          role,
          ...given({ legId }),
          ...(opened[place] ?? { state: 'unavailable' as const }),
        }));
        return { id: row.id, purpose, parties };
      },
    );
  };
}

/**
 * A communication can reach into other accounts (a call that is forwarded there). What their legs
 * say, and whom, is theirs: an account's user is shown the own part alone.
 */
function ownPartOf(row: CdrRow, { accountId }: Principal): CdrRow {
  if (accountId === undefined) return row;
  return {
    ...row,
    legs: row.legs.filter((leg) => leg.accountId === accountId),
    parties: row.parties.filter(({ ref }) => unpackRef(ref).accountId === accountId),
  };
}

function maySee(row: CdrRow, caller: Principal): boolean {
  return caller.accountId === undefined || row.accountId === caller.accountId;
}
