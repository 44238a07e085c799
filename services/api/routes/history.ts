import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { HistoryRow } from '#projections';
import { PURPOSES } from '../auth/principal.ts';
import type { Principal, Purpose } from '../auth/principal.ts';
import type { CursorCodec } from '../cursor.ts';
import { ApiError } from '../errors.ts';
import { callerOf } from '../fastify.ts';
import type { Routes } from '../fastify.ts';
import { given } from '../given.ts';
import { historyItems, HistoryItemSchema, threadKeyOf } from '../history-items.ts';
import type { NumberSearch } from '../number-search.ts';
import { purposeOf } from '../opening.ts';
import type { Opening } from '../opening.ts';
import { IntervalQuery, intervalOf, PageQuery, paging, scopeOf } from '../page.ts';
import type { Views } from '../views.ts';

export interface HistoryDeps {
  readonly views: Views;
  readonly numbers: NumberSearch;
  readonly opening: Opening;
  readonly cursors: CursorCodec;
}

const AccountParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });
const Purpose = Type.Optional(
  Type.Enum([...PURPOSES], {
    description: 'Why the numbers are opened; an account user needs to name none.',
  }),
);
const ListQuery = Type.Object(
  { ...PageQuery, ...IntervalQuery, purpose: Purpose },
  { additionalProperties: false },
);
const SearchBody = Type.Object(
  {
    number: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'E.164, or an extension of the account',
      }),
    ),
    thread: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: '`thread` of an item' }),
    ),
    ...PageQuery,
    ...IntervalQuery,
    purpose: Purpose,
  },
  { additionalProperties: false },
);
const Answer = Type.Object({
  items: Type.Array(HistoryItemSchema),
  next: Type.Optional(Type.String()),
});

/**
 * What an account's user sees: own records alone, numbers opened, newest first. A number is searched
 * for in a POST body, for a URL ends up in logs; one that only another account knows answers exactly
 * as one nobody knows.
 */
export function historyRoutes(deps: HistoryDeps): Routes {
  const read = async (caller: Principal, accountId: string, search: Static<typeof SearchBody>) => {
    const own = accountOf(caller, accountId);
    const purpose = purposeOf(caller, search.purpose);
    const { cursor, limit = 50, number, thread, from, to } = search;
    const interval = intervalOf(from, to);
    const page = paging(
      deps.cursors,
      scopeOf('history', { own, number, thread, from, to }),
      cursor,
    );
    const slots =
      number === undefined
        ? undefined
        : await deps.numbers.slotsOf(caller, purpose, own, number, interval);
    const { rows, next } = await deps.views.listHistory({
      accountId: own,
      limit,
      ...interval,
      ...given({
        cursor: page.cursor,
        slots,
        thread: thread === undefined ? undefined : threadKeyOf(thread),
      }),
    });
    return { items: await open(caller, purpose, rows), ...page.next(next) };
  };
  const open = (caller: Principal, purpose: Purpose, rows: readonly HistoryRow[]) =>
    historyItems(rows, (boxes) => deps.opening.open(caller, purpose, boxes));

  return (app) => {
    app.get(
      '/v1/accounts/:id/history',
      {
        config: { permission: 'history.read' },
        schema: {
          tags: ['history'],
          summary: 'Calls, messages and voicemails of an account, numbers opened',
          params: AccountParams,
          querystring: ListQuery,
          response: { 200: Answer },
        },
      },
      async (request) => read(callerOf(request), request.params.id, request.query),
    );
    app.post(
      '/v1/accounts/:id/history/search',
      {
        config: { permission: 'history.read' },
        schema: {
          tags: ['history'],
          summary: 'The same, by number, message thread or interval',
          description: 'A number is never put into a URL. The search is itself put on record.',
          params: AccountParams,
          body: SearchBody,
          response: { 200: Answer },
        },
      },
      async (request) => read(callerOf(request), request.params.id, request.body),
    );
  };
}

/** An account user may name its own account alone; any other is answered as one that is not there. */
function accountOf(caller: Principal, accountId: string): string {
  if (caller.accountId !== undefined && caller.accountId !== accountId) {
    throw new ApiError('not_found', "there is no such account, or it is not this token's to see");
  }
  return accountId;
}
