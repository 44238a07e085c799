import { DIGEST_BYTES } from './boxes/derive.ts';
import { ENTRY_ID_BYTES } from './key-tree/entry-id.ts';
import type { PointedBox, PointerContents } from './port.ts';

/** For each box: number of slots, their ids, the digest. Written by the sealer in place. */
export function pointedBytes(slots: number): number {
  return 1 + slots * ENTRY_ID_BYTES + DIGEST_BYTES;
}

/** Undefined for bytes no sealer writes. The slots are views on `bytes`. */
export function decodePointer(bytes: Uint8Array): PointerContents | undefined {
  const boxes: PointedBox[] = [];
  let at = 0;
  while (at < bytes.length) {
    const count = bytes[at] ?? 0;
    const end = at + pointedBytes(count);
    if (end > bytes.length) return undefined;
    const slots: Uint8Array[] = [];
    at += 1;
    for (let i = 0; i < count; i += 1) {
      slots.push(bytes.subarray(at, at + ENTRY_ID_BYTES));
      at += ENTRY_ID_BYTES;
    }
    boxes.push({ slots, digest: bytes.subarray(at, end) });
    at = end;
  }
  return { boxes };
}
