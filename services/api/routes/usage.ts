import { Type } from 'typebox';
import type { UsageDimension, UsageEntry, UsageSum } from '#projections';
import { USAGE_DIMENSIONS } from '#projections';
import type { CursorCodec } from '../cursor.ts';
import { ApiError } from '../errors.ts';
import { callerOf } from '../fastify.ts';
import type { Routes } from '../fastify.ts';
import { given } from '../given.ts';
import { IntervalQuery, intervalOf, paging } from '../page.ts';
import type { Views } from '../views.ts';

export interface UsageDeps {
  readonly views: Views;
  readonly cursors: CursorCodec;
}

const DAY_US = 86_400_000_000;
const DAY_MAX = 2_932_896; // 9999-12-31

const SumsQuery = Type.Object(
  {
    ...IntervalQuery,
    accountId: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    groupBy: Type.Optional(
      Type.String({
        maxLength: 100,
        pattern: '^[a-zA-Z]+(,[a-zA-Z]+)*$',
        description: `Any of ${USAGE_DIMENSIONS.join(', ')}, separated by commas; default accountId,day,kind`,
      }),
    ),
  },
  { additionalProperties: false },
);
const Sum = Type.Object({
  accountId: Type.Optional(Type.String()),
  day: Type.Optional(Type.String({ format: 'date', description: 'UTC day of the start' })),
  direction: Type.Optional(Type.String()),
  kind: Type.Optional(Type.String()),
  prefix: Type.Optional(Type.String()),
  zone: Type.Optional(Type.String()),
  count: Type.Integer(),
  seconds: Type.Integer(),
  segments: Type.Integer(),
});
const FeedQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000 })),
    cursor: Type.Optional(
      Type.String({
        maxLength: 1024,
        description: '`next` of the page before; none: from the beginning',
      }),
    ),
  },
  { additionalProperties: false },
);
const Entry = Type.Object({
  type: Type.String({ description: 'usage.recorded or usage.adjusted' }),
  position: Type.Integer(),
  eventId: Type.String(),
  communicationId: Type.String(),
  accountId: Type.String(),
  revision: Type.Integer({ description: 'How often this communication was recorded before.' }),
  day: Type.String({ format: 'date' }),
  direction: Type.String(),
  kind: Type.String(),
  quantity: Type.Integer({ description: '1, or -1 for a reversal; the sums have the same sign.' }),
  seconds: Type.Integer(),
  segments: Type.Integer(),
  prefix: Type.Optional(Type.String()),
  country: Type.Optional(Type.String()),
  zone: Type.Optional(Type.String()),
  numberType: Type.Optional(Type.String()),
  service: Type.Optional(Type.String()),
  adjustmentKind: Type.Optional(Type.String()),
  supersedes: Type.Optional(
    Type.String({
      description: 'Event id of the entry this one takes back or takes the place of.',
    }),
  ),
});
const FeedAnswer = Type.Object({
  items: Type.Array(Entry),
  next: Type.String(),
  atEnd: Type.Boolean(),
});

/** What billing needs, free of personal data. */
export function usageRoutes({ views, cursors }: UsageDeps): Routes {
  return (app) => {
    app.get(
      '/v1/usage',
      {
        config: { permission: 'usage.read' },
        schema: {
          tags: ['usage'],
          summary: 'Sums of usage: count, seconds, segments',
          description: 'The interval is taken in whole UTC days of the start.',
          querystring: SumsQuery,
          response: { 200: Type.Object({ items: Type.Array(Sum) }) },
        },
      },
      async (request) => {
        const caller = callerOf(request);
        const { accountId, groupBy = 'accountId,day,kind', from, to } = request.query;
        if (
          caller.accountId !== undefined &&
          accountId !== undefined &&
          accountId !== caller.accountId
        )
          return { items: [] };
        const interval = intervalOf(from, to);
        const sums = await views.usageSums({
          from: interval.from === undefined ? 0 : Math.floor(interval.from / DAY_US),
          to: interval.to === undefined ? DAY_MAX : Math.ceil(interval.to / DAY_US),
          ...given({ accountId: caller.accountId ?? accountId }),
          groupBy: dimensionsOf(groupBy),
        });
        return { items: sums.map(sumOf) };
      },
    );
    app.get(
      '/v1/usage/feed',
      {
        config: { permission: 'usage.feed' },
        schema: {
          tags: ['usage'],
          summary: 'Usage entry by entry, for billing',
          description:
            'What was delivered once never changes: a correction is a later entry. `next` is always there; keep it, and ask again with it later.',
          querystring: FeedQuery,
          response: { 200: FeedAnswer },
        },
      },
      async (request) => {
        const { cursor, limit = 1_000 } = request.query;
        const page = paging(cursors, 'usage/feed', cursor);
        const feed = await views.readUsageFeed({ limit, ...given({ cursor: page.cursor }) });
        return {
          items: feed.entries.map(entryOf),
          next: cursors.seal('usage/feed', feed.next),
          atEnd: feed.atEnd,
        };
      },
    );
  };
}

const dayOf = (day: number): string => new Date((day * DAY_US) / 1000).toISOString().slice(0, 10);

function sumOf({ day, ...sum }: UsageSum) {
  return { ...sum, ...given({ day: day === undefined ? undefined : dayOf(day) }) };
}

function entryOf({ day, ...entry }: UsageEntry) {
  return { ...entry, day: dayOf(day) };
}

/** @throws ApiError `bad_request` */
function dimensionsOf(text: string): UsageDimension[] {
  return text.split(',').map((name) => {
    const dimension = USAGE_DIMENSIONS.find((candidate) => candidate === name);
    if (dimension === undefined) {
      throw new ApiError(
        'bad_request',
        `groupBy takes ${USAGE_DIMENSIONS.join(', ')}, separated by commas`,
      );
    }
    return dimension;
  });
}
