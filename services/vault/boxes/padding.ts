/** Boxes are padded to a multiple of this, so that all boxes of numbers have one length. */
export const PAD_BYTES = 32;

export function paddedLength(length: number): number {
  return (Math.floor(length / PAD_BYTES) + 1) * PAD_BYTES;
}

/** Writes `plaintext`, one 0x80 and zeros over all of `target` (ISO/IEC 7816-4). */
export function padInto(target: Uint8Array, plaintext: Uint8Array): void {
  target.set(plaintext, 0);
  target[plaintext.length] = 0x80;
  target.fill(0, plaintext.length + 1);
}

/** Undefined where no padding ends the bytes. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  return end >= 0 && padded[end] === 0x80 ? padded.subarray(0, end) : undefined;
}
