import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoOf, usOf } from '../../services/api/time.ts';

describe('times', () => {
  it('go to text and back to the microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000_000 }), (us) => {
        expect(usOf(isoOf(us))).toBe(us);
      }),
    );
  });

  it('may be a UTC day or carry an offset', () => {
    expect(usOf('2026-11-22')).toBe(Date.UTC(2026, 10, 22) * 1000);
    expect(usOf('2026-11-22T09:00:00+01:00')).toBe(Date.UTC(2026, 10, 22, 8) * 1000);
  });

  it.each(['yesterday', '2026-13-01', '+447700900123', '1793520000', ''])(
    'are refused as %j',
    (text) => {
      expect(() => usOf(text)).toThrow(/ISO 8601/);
    },
  );
});
