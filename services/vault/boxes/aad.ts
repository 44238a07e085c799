import type { Category, Month } from '../port.ts';
import { FORMAT } from './aead.ts';
import type { Suite } from './aead.ts';

/** What tells the two kinds of sealed bytes of an event apart. */
const BOX = 1;
const POINTER = 2;

/** Encoded once each: there are few types, parties and epochs. */
const encoded = new Map<string, Uint8Array>();
const ENCODED_MAX = 10_000;

function lengthPrefixed(text: string): Uint8Array {
  const known = encoded.get(text);
  if (known !== undefined) return known;
  const bytes = Buffer.from(text);
  if (bytes.length > 255) throw new RangeError('a type or party name is longer than 255 bytes');
  const prefixed = Buffer.concat([Buffer.of(bytes.length), bytes]);
  if (encoded.size >= ENCODED_MAX) encoded.clear();
  encoded.set(text, prefixed);
  return prefixed;
}

/** Category and epoch as they stand at the end of the authenticated data. */
export function epochAad(retentionClass: string, category: Category, month: Month): Uint8Array {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(month);
  return Buffer.concat([lengthPrefixed(category), lengthPrefixed(retentionClass), number]);
}

interface EventNames {
  readonly eventId: Uint8Array;
  readonly type: string;
  readonly fingerprint: Uint8Array;
}

const scratch = Buffer.alloc(2048);
const views: Uint8Array[] = [];
let eventEnd = 0;

/**
 * Begins the authenticated data of an event's boxes and pointers. One event at a time: the functions
 * below return a view that is overwritten by the next call.
 */
export function beginAad(suite: Suite, event: EventNames): void {
  scratch[0] = FORMAT;
  scratch[1] = suite;
  scratch.set(event.eventId, 3);
  scratch.set(event.fingerprint, 19);
  const type = lengthPrefixed(event.type);
  scratch.set(type, 27);
  eventEnd = 27 + type.length;
}

/** Format, suite, kind, event id, schema fingerprint, type, party, category, epoch. */
export function boxAad(party: string, epoch: Uint8Array): Uint8Array {
  scratch[2] = BOX;
  const name = lengthPrefixed(party);
  scratch.set(name, eventEnd);
  return finish(eventEnd + name.length, epoch);
}

/** As {@link boxAad}, without a party. */
export function pointerAad(epoch: Uint8Array): Uint8Array {
  scratch[2] = POINTER;
  return finish(eventEnd, epoch);
}

function finish(at: number, epoch: Uint8Array): Uint8Array {
  scratch.set(epoch, at);
  const length = at + epoch.length;
  return (views[length] ??= scratch.subarray(0, length));
}
