import { beginAad, boxAad, pointerAad } from './boxes/aad.ts';
import { KEY_BYTES, OVERHEAD_BYTES, sealInto } from './boxes/aead.ts';
import type { Suite } from './boxes/aead.ts';
import { BOX_KEYS_BYTES, DIGEST_BYTES, deriveBoxKeys, digestInto } from './boxes/derive.ts';
import { padInto, paddedLength } from './boxes/padding.ts';
import { ENTRY_ID_BYTES } from './key-tree/entry-id.ts';
import { pointedBytes } from './pointer-contents.ts';
import type {
  BoxRequest,
  Category,
  Omission,
  SealRequest,
  SealedBox,
  SealedGroup,
  SealedParts,
} from './port.ts';
import type { Directory } from './directory/directories.ts';
import { VaultError } from './port.ts';
import type { Batch, Resolver } from './resolver.ts';
import { ERASED } from './resolver.ts';
import type { Scopes } from './scopes.ts';
import { BOX_KEY_AT, DIGEST_KEY_AT, SLOT_KEY_AT } from './slot-cache.ts';
import type { SlotCache } from './slot-cache.ts';

/** Slots one box may depend on. */
export const SLOTS_MAX = 8;

const ARENA_BYTES = 256 * 1024;

export interface BoxWriterOptions {
  readonly slots: SlotCache;
  readonly resolver: Resolver;
  readonly suite: Suite;
}

/** Seals requests whose keys are all in hand; no await, so no key can leave in between. */
export interface BoxWriter {
  write(requests: readonly SealRequest[], batch: Batch): SealedParts[];
}

interface BoxKeys {
  readonly box: Uint8Array;
  readonly digest: Uint8Array;
}

export function createBoxWriter({ slots, resolver, suite }: BoxWriterOptions): BoxWriter {
  let arena = Buffer.alloc(0);
  let used = 0;
  let padded = Buffer.alloc(4096);
  const several = Buffer.alloc(BOX_KEYS_BYTES);
  const pointer = Buffer.alloc(64 * 1024);
  const message: { aad: Uint8Array; plaintext: Uint8Array } = { aad: several, plaintext: several };
  const places: number[] = [];

  /** Sealed bytes of a batch share few allocations; each view is handed out once. */
  function allot(length: number): Uint8Array {
    if (used + length > arena.length) {
      arena = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, length));
      used = 0;
    }
    used += length;
    return arena.subarray(used - length, used);
  }

  function sealTo(key: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const out = allot(plaintext.length + OVERHEAD_BYTES);
    message.aad = aad;
    message.plaintext = plaintext;
    sealInto(out, 0, suite, key, message);
    return out;
  }

  function sealBox(keys: BoxKeys, scopes: Scopes, { party, plaintext }: BoxRequest): Uint8Array {
    const length = paddedLength(plaintext.length);
    if (length > padded.length) padded = Buffer.alloc(length * 2);
    const bytes = padded.subarray(0, length);
    padInto(bytes, plaintext);
    const box = sealTo(keys.box, boxAad(party, scopes.aad), bytes);
    bytes.fill(0);
    return box;
  }

  /** Cached beside the slot for the scopes it was last used with; several slots are derived each time. */
  function keysOf(scopes: Scopes): BoxKeys {
    const [place] = places;
    if (place === undefined) return scopes;
    if (places.length > 1) {
      const keys = places.map((one) => slots.view(one, SLOT_KEY_AT, KEY_BYTES));
      deriveBoxKeys(several, keys, scopes.epoch, scopes.account);
      return { box: several.subarray(0, KEY_BYTES), digest: several.subarray(KEY_BYTES) };
    }
    if (slots.scopes(place) !== scopes.number) {
      const slot = slots.view(place, SLOT_KEY_AT, KEY_BYTES);
      const both = slots.view(place, BOX_KEY_AT, BOX_KEYS_BYTES);
      deriveBoxKeys(both, [slot], scopes.epoch, scopes.account);
      slots.setScopes(place, scopes.number);
    }
    return {
      box: slots.view(place, BOX_KEY_AT, KEY_BYTES),
      digest: slots.view(place, DIGEST_KEY_AT, KEY_BYTES),
    };
  }

  /** Fills `places`; false where one of the persons was erased. */
  function findSlots(request: SealRequest, box: BoxRequest, batch: Batch): boolean {
    places.length = 0;
    if (box.identifiers.length === 0) return true;
    if (box.identifiers.length > SLOTS_MAX) {
      throw new VaultError(
        'bad_request',
        `a box of more than ${SLOTS_MAX} persons needs a content key`,
      );
    }
    const directory: Directory | undefined = resolver.directory(request);
    if (directory === undefined) throw new RangeError('a directory left between load and use');
    for (const identifier of box.identifiers) {
      const place = resolver.slot(directory, identifier, request, batch);
      if (place === ERASED) return false;
      if (place < 0) throw new RangeError('a slot left between load and use');
      places.push(place);
    }
    return true;
  }

  /** What the pointer says of one box, after the `at` bytes of those before it. */
  function point(at: number, digestKey: Uint8Array, request: SealRequest, box: BoxRequest): number {
    pointer[at] = places.length;
    let next = at + 1;
    for (const place of places) {
      slots.view(place, 0, ENTRY_ID_BYTES).copy(pointer, next);
      next += ENTRY_ID_BYTES;
    }
    const digest = pointer.subarray(next, next + DIGEST_BYTES);
    digestInto(digest, digestKey, digestMessage(request.eventId, box));
    return next + DIGEST_BYTES;
  }

  function writeGroup(
    request: SealRequest,
    category: Category,
    batch: Batch,
  ): { group?: SealedGroup; omitted?: Omission } {
    const scopes = resolver.scopes(request, category);
    if (scopes === undefined) throw new RangeError('a scope left between load and use');
    if (scopes.omission !== undefined) return { omitted: scopes.omission };
    const boxes: SealedBox[] = [];
    let omitted: Omission | undefined;
    let at = 0;
    for (const box of request.boxes) {
      if (box.category !== category) continue;
      if (!findSlots(request, box, batch)) {
        omitted = 'erased';
        continue;
      }
      if (at + pointedBytes(places.length) > pointer.length) {
        throw new VaultError('bad_request', 'an event has more boxes than its pointer can name');
      }
      const keys = keysOf(scopes);
      at = point(at, keys.digest, request, box);
      boxes.push({ party: box.party, box: sealBox(keys, scopes, box) });
    }
    if (boxes.length === 0) return omitted === undefined ? {} : { omitted };
    const sealed = sealTo(scopes.pointer, pointerAad(scopes.aad), pointer.subarray(0, at));
    const group = { category, pointer: sealed, boxes };
    return omitted === undefined ? { group } : { group, omitted };
  }

  function writeParts(request: SealRequest, batch: Batch): SealedParts {
    const groups: SealedGroup[] = [];
    let omitted: Omission | undefined;
    beginAad(suite, request);
    for (let i = 0; i < request.boxes.length; i += 1) {
      const category = request.boxes[i]?.category;
      if (category === undefined || isRepeated(request.boxes, i)) continue;
      const part = writeGroup(request, category, batch);
      if (part.group !== undefined) groups.push(part.group);
      omitted ??= part.omitted;
    }
    return omitted === undefined ? { groups } : { groups, omitted };
  }

  return { write: (requests, batch) => requests.map((request) => writeParts(request, batch)) };
}

/** Whether an earlier box of the event has the category of box `i`. */
function isRepeated(boxes: readonly BoxRequest[], i: number): boolean {
  for (let j = 0; j < i; j += 1) if (boxes[j]?.category === boxes[i]?.category) return true;
  return false;
}

let digestScratch = Buffer.alloc(4096);

/** Event id, party and plaintext, the party behind its length. */
function digestMessage(eventId: Uint8Array, { party, plaintext }: BoxRequest): Uint8Array {
  const length = 17 + party.length * 3 + plaintext.length;
  if (length > digestScratch.length) digestScratch = Buffer.alloc(length * 2);
  digestScratch.set(eventId, 0);
  const name = digestScratch.write(party, 17);
  digestScratch[16] = name;
  digestScratch.set(plaintext, 17 + name);
  return digestScratch.subarray(0, 17 + name + plaintext.length);
}
