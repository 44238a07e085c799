import { BOX_KEYS_BYTES } from './boxes/derive.ts';
import { KEY_BYTES } from './boxes/aead.ts';
import { ENTRY_ID_BYTES } from './key-tree/entry-id.ts';

/** slot id, slot key, then the box and digest key of the scopes the slot was last used with */
export const SLOT_KEY_AT = ENTRY_ID_BYTES;
export const BOX_KEY_AT = SLOT_KEY_AT + KEY_BYTES;
export const DIGEST_KEY_AT = BOX_KEY_AT + KEY_BYTES;
const STRIDE = BOX_KEY_AT + BOX_KEYS_BYTES;

const NO_SCOPES = -1;

/** One of the two halves of the cache: places in one block of memory, found through one map a directory. */
interface Half {
  readonly bytes: Buffer;
  readonly from: Float64Array;
  readonly scopes: Int32Array;
  readonly places: Map<string, number>[];
  count: number;
}

/**
 * identifier -> slot, for the months being sealed. Least recently used by halves: what is found in
 * the old half moves to the young one; when the young half is full the old one is zeroed as a whole and the
 * two change roles. A place is a number, good until `rotations` changes.
 */
export interface SlotCache {
  /** Place of an identifier; -1 where it is not known. */
  find(directory: number, identifierKey: string): number;
  put(directory: number, identifierKey: string, slot: CachedSlot): number;
  /** A view on `length` bytes of a place. */
  view(place: number, at: number, length: number): Buffer;
  /** Events before this time (µs) do not belong to the slot. */
  from(place: number): number;
  /** Which scopes the box keys of the place were derived with. */
  scopes(place: number): number;
  setScopes(place: number, scopes: number): void;
  /** Zeroes and forgets these slots. */
  drop(slots: ReadonlySet<string>): void;
  clear(): void;
  readonly size: number;
  /** How often the halves changed roles: places found before the last time are void. */
  readonly rotations: number;
}

export interface CachedSlot {
  readonly slot: Uint8Array;
  readonly key: Uint8Array;
  readonly from: number;
}

export function createSlotCache(slotsMax: number): SlotCache {
  const halfMax = Math.ceil(slotsMax / 2);
  let young = newHalf(halfMax);
  let old = newHalf(halfMax);
  let rotations = 0;

  function rotate(): void {
    rotations += 1;
    empty(old);
    [young, old] = [old, young];
  }

  /** A free place in the young half. */
  function place(directory: number, identifierKey: string): number {
    if (young.count === halfMax) rotate();
    const at = young.count;
    young.count += 1;
    (young.places[directory] ??= new Map()).set(identifierKey, at);
    return at;
  }

  function promote(directory: number, identifierKey: string, from: number): number {
    const source = old;
    old.places[directory]?.delete(identifierKey);
    const to = place(directory, identifierKey);
    // Where the halves just changed roles the place itself was zeroed: the caller asks again.
    if (source !== old) {
      young.places[directory]?.delete(identifierKey);
      return -1;
    }
    old.bytes.copy(young.bytes, to * STRIDE, from * STRIDE, (from + 1) * STRIDE);
    old.bytes.fill(0, from * STRIDE, (from + 1) * STRIDE);
    young.from[to] = old.from[from] ?? 0;
    young.scopes[to] = old.scopes[from] ?? NO_SCOPES;
    return to;
  }

  return {
    find(directory, identifierKey) {
      const at = young.places[directory]?.get(identifierKey);
      if (at !== undefined) return at;
      const before = old.places[directory]?.get(identifierKey);
      return before === undefined ? -1 : promote(directory, identifierKey, before);
    },
    put(directory, identifierKey, { slot, key, from }) {
      old.places[directory]?.delete(identifierKey);
      const at = young.places[directory]?.get(identifierKey) ?? place(directory, identifierKey);
      young.bytes.set(slot, at * STRIDE);
      young.bytes.set(key, at * STRIDE + SLOT_KEY_AT);
      young.from[at] = from;
      young.scopes[at] = NO_SCOPES;
      return at;
    },
    view: (at, offset, length) =>
      young.bytes.subarray(at * STRIDE + offset, at * STRIDE + offset + length),
    from: (at) => young.from[at] ?? 0,
    scopes: (at) => young.scopes[at] ?? NO_SCOPES,
    setScopes(at, scopes) {
      young.scopes[at] = scopes;
    },
    drop(slots) {
      for (const half of [young, old]) dropFrom(half, slots);
    },
    get rotations() {
      return rotations;
    },
    clear() {
      rotations += 1;
      empty(young);
      empty(old);
    },
    get size() {
      return sizeOf(young) + sizeOf(old);
    },
  };
}

function newHalf(count: number): Half {
  return {
    bytes: Buffer.alloc(count * STRIDE),
    from: new Float64Array(count),
    scopes: new Int32Array(count).fill(NO_SCOPES),
    places: [],
    count: 0,
  };
}

function empty(half: Half): void {
  half.bytes.fill(0, 0, half.count * STRIDE);
  half.places.length = 0;
  half.count = 0;
}

const sizeOf = ({ places }: Half): number =>
  places.reduce((sum, ofDirectory) => sum + (ofDirectory?.size ?? 0), 0);

function dropFrom(half: Half, slots: ReadonlySet<string>): void {
  for (const ofDirectory of half.places) {
    for (const [identifierKey, at] of ofDirectory ?? []) {
      const id = half.bytes.toString('latin1', at * STRIDE, at * STRIDE + ENTRY_ID_BYTES);
      if (!slots.has(id)) continue;
      half.bytes.fill(0, at * STRIDE, (at + 1) * STRIDE);
      ofDirectory?.delete(identifierKey);
    }
  }
}
