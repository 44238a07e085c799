import type { Month } from '#vault';
import { createIdHasher } from './hash.ts';
import { isUuid, mayNameSomeone } from './native-id.ts';

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
  /**
   * An id that is kept in clear and means something within its communication only (a leg, a
   * recording): as it is, or a keyed token where it may name someone.
   */
  within(communication: string, native: string, month: Month): string;
}

const CLEAR_LENGTH_MAX = 64;

/**
 * `keyMonth`, where given, is the month whose key serves for all events: an import of history has
 * one, since the keys of its events' own months may be gone.
 */
export function createScopedIds(source: string, keys: IdKeys, keyMonth?: Month): ScopedIds {
  const events = createIdHasher('event', source);
  const communications = createIdHasher('communication', source);
  const callKeys = createIdHasher('call key', source);
  const tokens = createIdHasher('token', source);

  const key = (month: Month): Uint8Array => {
    const wanted = keyMonth ?? month;
    const found = keys.get(wanted);
    if (found === undefined) throw new MissingIdKey(wanted);
    return found;
  };

  return {
    event: (native, month) =>
      mayNameSomeone(native) ? events.hash(native, key(month)) : events.hash(native),
    communication: (native, month) =>
      mayNameSomeone(native)
        ? communications.hash(native, key(month))
        : communications.hash(native),
    alsoCommunication: (native, month) =>
      keyMonth === undefined && mayNameSomeone(native)
        ? communications.hash(native, key(month))
        : undefined,
    within(communication, native, month) {
      if (native.length <= CLEAR_LENGTH_MAX && !mayNameSomeone(native)) return native;
      // A random UUID is a key in itself: it is stored nowhere, and it knows no month's border.
      const secret = isRandomUuid(communication) ? callKeys.hash(communication) : key(month);
      return Buffer.from(tokens.hash(native, secret)).toString('base64url');
    },
  };
}

/** Version 4 has 122 random bits, version 7 74: nobody guesses them from the stored hash. */
function isRandomUuid(id: string): boolean {
  return isUuid(id) && (id.charAt(14) === '4' || id.charAt(14) === '7');
}
