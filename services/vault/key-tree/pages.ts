import { KEY_BYTES } from '../boxes/aead.ts';
import { RANDOM_AT, RANDOM_BYTES } from './entry-id.ts';
import type { Kind } from './kinds.ts';
import { kindOf, KINDS } from './kinds.ts';

/** Entries of one leaf. */
export const LEAF_ENTRIES = 64;
/** Leaves of one branch; the branch of leaf n is n / BRANCH_LEAVES. */
export const BRANCH_LEAVES = 1024;

/** random, kind, key */
const ENTRY_BYTES = RANDOM_BYTES + 1 + KEY_BYTES;
/** number, generation, key */
const CHILD_BYTES = 4 + 4 + KEY_BYTES;

/** What a leaf says of one of its entries. */
export type Entry =
  | { readonly state: 'alive'; readonly kind: Kind; readonly key: Buffer }
  | { readonly state: 'destroyed' };

/** Page of a whole leaf: `count` entries whose ids and keys stand one after the other. */
export function encodeLeaf(kind: Kind, ids: Uint8Array, keys: Uint8Array, count: number): Buffer {
  const page = Buffer.allocUnsafeSlow(count * ENTRY_BYTES);
  for (let i = 0; i < count; i += 1) {
    const at = i * ENTRY_BYTES;
    page.set(ids.subarray(i * 16 + RANDOM_AT, i * 16 + 16), at);
    page[at + RANDOM_BYTES] = KINDS[kind];
    page.set(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), at + RANDOM_BYTES + 1);
  }
  return page;
}

/** The same form for one entry, as it is sealed in a row of its own until the leaf's next turn. */
export function encodeFresh(kind: Kind, key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafeSlow(1 + KEY_BYTES);
  bytes[0] = KINDS[kind];
  bytes.set(key, 1);
  return bytes;
}

export function decodeFresh(bytes: Buffer): Entry | undefined {
  return entryOf(bytes[0], bytes.subarray(1));
}

function entryOf(number: number | undefined, key: Buffer): Entry | undefined {
  const kind = kindOf(number);
  if (kind === undefined) return undefined;
  return kind === 'destroyed' ? { state: 'destroyed' } : { state: 'alive', kind, key };
}

/** Undefined where the page has no such entry. `key` is a copy. */
export function findEntry(page: Buffer, id: Uint8Array): Entry | undefined {
  const at = offsetOf(page, id);
  if (at < 0) return undefined;
  const key = Buffer.from(page.subarray(at + RANDOM_BYTES + 1, at + ENTRY_BYTES));
  return entryOf(page[at + RANDOM_BYTES], key);
}

function offsetOf(page: Uint8Array, id: Uint8Array): number {
  for (let at = 0; at < page.length; at += ENTRY_BYTES) {
    let i = 0;
    while (i < RANDOM_BYTES && page[at + i] === id[RANDOM_AT + i]) i += 1;
    if (i === RANDOM_BYTES) return at;
  }
  return -1;
}

/**
 * The page after `fresh` entries moved in and `doomed` ones left; their places stay, without key, so
 * that a reader learns that they were destroyed and not lost.
 */
export function turnLeaf(
  page: Buffer,
  fresh: readonly { readonly random: Uint8Array; readonly bytes: Uint8Array }[],
  doomed: readonly Uint8Array[],
): { readonly page: Buffer; readonly destroyed: Uint8Array[] } {
  const turned = Buffer.concat([page, ...fresh.flatMap(({ random, bytes }) => [random, bytes])]);
  const destroyed = doomed.filter((id) => {
    const at = offsetOf(turned, id);
    if (at < 0 || turned[at + RANDOM_BYTES] === KINDS.destroyed) return false;
    turned.fill(0, at + RANDOM_BYTES, at + ENTRY_BYTES);
    return true;
  });
  return { page: turned, destroyed };
}

/** What a node above the leaves says of one child. */
export interface Child {
  readonly number: number;
  readonly generation: number;
  readonly key: Buffer;
}

export function encodeChildren(children: readonly Child[]): Buffer {
  const page = Buffer.allocUnsafeSlow(children.length * CHILD_BYTES);
  let at = 0;
  for (const child of children) {
    at = page.writeUInt32BE(child.number, at);
    at = page.writeUInt32BE(child.generation, at);
    at += child.key.copy(page, at);
  }
  return page;
}

/** The keys are views on `page`. */
export function decodeChildren(page: Buffer): Map<number, Child> {
  const children = new Map<number, Child>();
  for (let at = 0; at < page.length; at += CHILD_BYTES) {
    const number = page.readUInt32BE(at);
    const generation = page.readUInt32BE(at + 4);
    children.set(number, { number, generation, key: page.subarray(at + 8, at + CHILD_BYTES) });
  }
  return children;
}
