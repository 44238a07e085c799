import { septetsOf } from './gsm7.ts';

export interface Segmentation {
  readonly encoding: 'gsm7' | 'ucs2';
  readonly segments: number;
}

/** Units in a message of one part, and in each of several (six octets go to the header). */
const LIMITS = { gsm7: { one: 160, many: 153 }, ucs2: { one: 70, many: 67 } } as const;

/**
 * How many parts a text takes on air (3GPP TS 23.038 and 23.040): GSM-7 160 or 153 septets, UCS-2 70
 * or 67 code units. An escaped character is two septets and, like a surrogate pair, never split.
 */
export function segmentsOf(text: string): Segmentation {
  let septets = 0;
  for (let index = 0; index < text.length; index += 1) {
    const width = septetsOf(text.charCodeAt(index));
    if (width === 0) return { encoding: 'ucs2', segments: countUcs2(text) };
    septets += width;
  }
  if (septets <= LIMITS.gsm7.one) return { encoding: 'gsm7', segments: 1 };
  return { encoding: 'gsm7', segments: countGsm7(text) };
}

function countGsm7(text: string): number {
  let segments = 1;
  let used = 0;
  for (let index = 0; index < text.length; index += 1) {
    const width = septetsOf(text.charCodeAt(index));
    if (used + width > LIMITS.gsm7.many) {
      segments += 1;
      used = 0;
    }
    used += width;
  }
  return segments;
}

function countUcs2(text: string): number {
  if (text.length <= LIMITS.ucs2.one) return 1;
  let segments = 1;
  let used = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const next = text.charCodeAt(index + 1);
    const isPair = unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000;
    const width = isPair ? 2 : 1;
    if (used + width > LIMITS.ucs2.many) {
      segments += 1;
      used = 0;
    }
    used += width;
    if (isPair) index += 1;
  }
  return segments;
}
