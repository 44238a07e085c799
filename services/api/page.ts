import { Type } from 'typebox';
import type { CursorCodec } from './cursor.ts';
import type { Interval } from '#projections';
import { ApiError } from './errors.ts';
import { given } from './given.ts';
import { usOf } from './time.ts';

export const LIMIT_MAX = 500;

/** Query parameters every list takes. */
export const PageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: 50, description: `1 to ${LIMIT_MAX}` }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 1024, description: '`next` of the page before' })),
};

export const IntervalQuery = {
  from: Type.Optional(
    Type.String({ maxLength: 40, description: 'From this time or UTC day on, ISO 8601' }),
  ),
  to: Type.Optional(Type.String({ maxLength: 40, description: 'Before this time or UTC day' })),
};

/** The half-open interval in µs. */
export function intervalOf(from: string | undefined, to: string | undefined): Interval {
  const interval = given({
    from: from === undefined ? undefined : usOf(from),
    to: to === undefined ? undefined : usOf(to),
  });
  if (interval.from !== undefined && interval.to !== undefined && interval.from >= interval.to) {
    throw new ApiError('bad_request', 'the interval is empty: `from` must be before `to`');
  }
  return interval;
}

/**
 * What a cursor is sealed to: the route and every filter, so that it cannot be carried over to
 * another account or query.
 */
export function scopeOf(route: string, filters: object): string {
  const given = Object.entries(filters).filter(
    ([name, value]) => value !== undefined && name !== 'cursor' && name !== 'limit',
  );
  return `${route}?${JSON.stringify(given.toSorted(([a], [b]) => (a < b ? -1 : 1)))}`;
}

/** Opens the given cursor and seals the next one. */
export function paging(cursors: CursorCodec, scope: string, sealed: string | undefined) {
  return {
    cursor: sealed === undefined ? undefined : cursors.open(scope, sealed),
    next: (state: string | undefined) =>
      given({ next: state === undefined ? undefined : cursors.seal(scope, state) }),
  };
}
