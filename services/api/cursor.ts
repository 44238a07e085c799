import { createHmac, timingSafeEqual } from 'node:crypto';
import { ApiError } from './errors.ts';

/**
 * Opaque cursors: what a read function needs to go on, sealed to the route and the filters it was
 * given out for. A changed cursor, or one used with other filters or by another account, is refused
 * rather than read. Cursors stay good across restarts (billing systems keep them for years).
 */
export interface CursorCodec {
  seal(scope: string, state: string): string;
  /** @throws ApiError `bad_cursor` */
  open(scope: string, cursor: string): string;
}

const TAG_BYTES = 16;

export function createCursorCodec(key: Uint8Array): CursorCodec {
  const tagOf = (scope: string, state: Uint8Array): Buffer =>
    createHmac('sha256', key).update(`${scope}\0`).update(state).digest().subarray(0, TAG_BYTES);
  return {
    seal(scope, state) {
      const bytes = Buffer.from(state, 'utf8');
      return Buffer.concat([tagOf(scope, bytes), bytes]).toString('base64url');
    },
    open(scope, cursor) {
      const bytes = Buffer.from(cursor, 'base64url');
      const state = bytes.subarray(TAG_BYTES);
      if (
        bytes.length < TAG_BYTES ||
        !timingSafeEqual(tagOf(scope, state), bytes.subarray(0, TAG_BYTES))
      ) {
        throw new ApiError(
          'bad_cursor',
          'this cursor was not given out for this query; start again without a cursor, with the same filters throughout',
        );
      }
      return state.toString('utf8');
    },
  };
}
