import type { Month } from '#vault';
import { createIdHasher } from './hash.ts';
import { mayNameSomeone } from './native-id.ts';

/** The id key of a month is needed and not loaded; load it and prepare the event again. */
export class MissingIdKey extends Error {
  override readonly name = 'MissingIdKey';
  readonly month: Month;

  constructor(month: Month) {
    super('an id key is not loaded');
    this.month = month;
  }
}

/** Id keys of months, loaded ahead of use so that the hot path stays synchronous. */
export interface IdKeys {
  get(month: Month): Uint8Array | undefined;
}

/** Turns native ids of one source into ids that no other source can make. */
export interface ScopedIds {
  event(native: string, month: Month): Uint8Array;
  communication(native: string, month: Month): Uint8Array;
  /** Under the key of the month before; undefined where the id needs no key and so never changes. */
  alsoCommunication(native: string, month: Month): Uint8Array | undefined;
  leg(native: string, month: Month): string;
}

/** Communications of which several events come close together. */
const CACHED_MAX = 32_768;
const PLAIN_LEG = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * `keyMonth`, where given, is the month whose key serves for all events: an import of history has
 * one, since the keys of its events' own months may be gone.
 */
export function createScopedIds(source: string, keys: IdKeys, keyMonth?: Month): ScopedIds {
  const events = createIdHasher('event', source);
  const communications = createIdHasher('communication', source);
  const legs = createIdHasher('leg', source);
  let young = new Map<string, Uint8Array>();
  let old = new Map<string, Uint8Array>();

  const key = (month: Month): Uint8Array => {
    const wanted = keyMonth ?? month;
    const found = keys.get(wanted);
    if (found === undefined) throw new MissingIdKey(wanted);
    return found;
  };

  const cachedCommunication = (native: string): Uint8Array => {
    const known = young.get(native) ?? old.get(native);
    if (known !== undefined) return known;
    const fresh = communications.hash(native);
    if (young.size >= CACHED_MAX) {
      old = young;
      young = new Map();
    }
    young.set(native, fresh);
    return fresh;
  };

  return {
    event: (native, month) =>
      mayNameSomeone(native) ? events.hash(native, key(month)) : events.hash(native),
    communication: (native, month) =>
      mayNameSomeone(native) ? communications.hash(native, key(month)) : cachedCommunication(native),
    alsoCommunication: (native, month) =>
      keyMonth === undefined && mayNameSomeone(native) ? communications.hash(native, key(month)) : undefined,
    leg(native, month) {
      if (PLAIN_LEG.test(native) && !mayNameSomeone(native)) return native;
      return Buffer.from(legs.hash(native, key(month))).toString('base64url');
    },
  };
}
