import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { segmentsOf } from '#ingest';

describe('segmentsOf', () => {
  test.each([
    ['', 'gsm7', 1],
    ['a'.repeat(160), 'gsm7', 1],
    ['a'.repeat(161), 'gsm7', 2],
    ['a'.repeat(306), 'gsm7', 2],
    ['a'.repeat(307), 'gsm7', 3],
    ['€'.repeat(80), 'gsm7', 1],
    ['€'.repeat(81), 'gsm7', 2],
    ['ж'.repeat(70), 'ucs2', 1],
    ['ж'.repeat(71), 'ucs2', 2],
    ['ж'.repeat(134), 'ucs2', 2],
    ['ж'.repeat(135), 'ucs2', 3],
    ['😀'.repeat(35), 'ucs2', 1],
    ['😀'.repeat(36), 'ucs2', 2],
    ['`', 'ucs2', 1],
  ] as const)('%# counts as on the air', (text, encoding, segments) => {
    expect(segmentsOf(text)).toEqual({ encoding, segments });
  });

  test('an escaped character is never split: 152 letters and a euro sign take two parts of a long text', () => {
    // 152 + 2 septets do not fit into 153, so the first part stays one short.
    expect(segmentsOf(`${'a'.repeat(152)}€${'a'.repeat(151)}`).segments).toBe(2);
    expect(segmentsOf(`${'a'.repeat(152)}€${'a'.repeat(152)}`).segments).toBe(3);
  });

  test('a surrogate pair is never split', () => {
    expect(segmentsOf(`${'ж'.repeat(66)}😀${'ж'.repeat(65)}`).segments).toBe(2);
    expect(segmentsOf(`${'ж'.repeat(66)}😀${'ж'.repeat(66)}`).segments).toBe(3);
  });

  test('parts hold what they can: never fewer than the units need, never many more', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
        const { encoding, segments } = segmentsOf(text);
        if (encoding === 'gsm7') return;
        expect(segments).toBeGreaterThanOrEqual(
          text.length <= 70 ? 1 : Math.ceil(text.length / 67),
        );
        expect(segments).toBeLessThanOrEqual(Math.max(1, Math.ceil(text.length / 66)));
      }),
    );
  });
});
