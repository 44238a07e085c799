/**
 * 48 bits over byte strings, to tell a repeat from another body of the same event id. Not against
 * forgery: a source could only fool itself, since ids are scoped to it.
 */

const FIRST = 0x9e3779b1;
const SECOND = 0x85ebca77;

/** The digest of several byte strings in a row; from 1, since 0 stands for "nothing". */
export function digestOf(...parts: readonly Uint8Array[]): number {
  let a = 0x2545f491;
  let b = 0x27d4eb2f;
  for (const bytes of parts) {
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      a = Math.imul(a ^ byte, FIRST);
      b = Math.imul(b + byte, SECOND) ^ (b >>> 15);
    }
    a ^= bytes.length;
  }
  a = Math.imul(a ^ (a >>> 16), SECOND);
  b = Math.imul(b ^ (b >>> 13), FIRST);
  const low = (a ^ (b >>> 16)) >>> 0;
  const high = ((b ^ (a >>> 15)) >>> 0) & 0xffff;
  return high * 0x1_0000_0000 + low || 1;
}
