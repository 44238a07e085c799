import { ProjectionsError } from './errors.ts';

/** Where a page ended, as an opaque string. */
export function encodeCursor(place: readonly (number | string)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws ProjectionsError `bad_cursor` when it is none that `encodeCursor` gave out for this list */
export function decodeCursor(cursor: string): { readonly number: number; readonly text: string } {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(place)) {
      const [number, text = '']: unknown[] = place;
      if (typeof number === 'number' && Number.isSafeInteger(number) && typeof text === 'string')
        return { number, text };
    }
  } catch (cause) {
    throw badCursor(cause);
  }
  throw badCursor();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** For lists that go by (time, id). */
export function decodeTimeCursor(cursor: string): { readonly at: number; readonly id: string } {
  const { number, text } = decodeCursor(cursor);
  if (!UUID.test(text)) throw badCursor();
  return { at: number, id: text };
}

function badCursor(cause?: unknown): ProjectionsError {
  return new ProjectionsError(
    'bad_cursor',
    'this cursor was not given out by this list; begin without one',
    { cause },
  );
}
