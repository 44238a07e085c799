import { drawInto } from '../boxes/random.ts';

/** part (4 bytes), leaf (4 bytes), random (8 bytes): no index leads to an entry but its id. */
export const ENTRY_ID_BYTES = 16;
export const RANDOM_AT = 8;
export const RANDOM_BYTES = 8;

export function newEntryId(target: Buffer, at: number, part: number, leaf: number): void {
  target.writeUInt32BE(part, at);
  target.writeUInt32BE(leaf, at + 4);
  drawInto(target, at + RANDOM_AT, RANDOM_BYTES);
}

function readUInt32(id: Uint8Array, at: number): number {
  return (
    (id[at] ?? 0) * 2 ** 24 +
    (((id[at + 1] ?? 0) << 16) | ((id[at + 2] ?? 0) << 8) | (id[at + 3] ?? 0))
  );
}

export function partOf(id: Uint8Array): number {
  return readUInt32(id, 0);
}

export function leafOf(id: Uint8Array): number {
  return readUInt32(id, 4);
}

/** A string to key maps with. */
export function idText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
}
