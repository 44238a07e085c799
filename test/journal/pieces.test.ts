import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutIntoPieces } from '../../services/journal/pieces.ts';
import { anEvent } from '../contract/journal-events.ts';

const event = fc.record({ size: fc.nat(40), border: fc.boolean() }).map(({ size, border }) =>
  anEvent({
    data: new Uint8Array(size),
    meta: new Uint8Array(0),
    ...(border ? { resume: 1 } : {}),
  }),
);

test('pieces together are the slice, each fits, and each but the last ends a source record', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1 }), (events) => {
      const closed = [...events, anEvent({ data: new Uint8Array(0), resume: 1 })];
      let pieces;
      try {
        pieces = cutIntoPieces(closed, 200);
      } catch (error) {
        expect(error).toMatchObject({ code: 'too_large' });
        expect(largestRecord(closed)).toBeGreaterThan(200);
        return;
      }
      expect(pieces.flat()).toEqual(closed);
      for (const piece of pieces) {
        expect(bytesOf(piece)).toBeLessThanOrEqual(200);
        expect(piece.at(-1)?.resume).toBe(1);
      }
    }),
    { numRuns: 500 },
  );
});

test('a slice that fits stays as it is, without a copy', () => {
  const events = [anEvent(), anEvent()];
  expect(cutIntoPieces(events, 1000)[0]).toBe(events);
});

function bytesOf(events: readonly { data: Uint8Array; meta: Uint8Array }[]): number {
  return events.reduce((sum, { data, meta }) => sum + data.length + meta.length, 0);
}

function largestRecord(
  events: readonly { data: Uint8Array; meta: Uint8Array; resume?: number }[],
): number {
  let [largest, current] = [0, 0];
  for (const one of events) {
    current += one.data.length + one.meta.length;
    largest = Math.max(largest, current);
    if (one.resume !== undefined) current = 0;
  }
  return largest;
}
