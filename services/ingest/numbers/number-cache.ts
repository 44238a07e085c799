import type { Identified, NumberContext } from './identify.ts';
import { identify } from './identify.ts';

/**
 * Results by number, bounded: two generations, the older one dropped when the younger is full, so
 * what is in use stays and nothing is scanned. The same number gives the same `Identified`, and so
 * the same `Identifier` object, for as long as it is in use.
 */
export interface NumberCache {
  get(raw: string, context: NumberContext): Identified;
  readonly size: number;
}

/** A longer value is read each time: nothing a switch can send fills the cache with long strings. */
const CACHED_LENGTH_MAX = 64;

export function createNumberCache(limit = 200_000): NumberCache {
  const international = createGenerations(Math.ceil(limit / 2));
  const local = createGenerations(Math.ceil(limit / 4));

  const readInternational = (raw: string, context: NumberContext): Identified => {
    const cached = international.get(raw);
    if (cached !== undefined) return cached;
    const fresh = identify(raw, context);
    // Junk behind a plus sign belongs to its account, so it is not shared.
    if (fresh.identifier === undefined || fresh.identifier.namespace === 'tel')
      international.set(raw, fresh);
    return fresh;
  };

  return {
    get(raw, context) {
      if (raw.length > CACHED_LENGTH_MAX) return identify(raw, context);
      if (raw.charCodeAt(0) === PLUS) return readInternational(raw, context);
      const key = `${raw}\0${context.country ?? ''}\0${context.messaging ? 1 : 0}\0${context.accountId}`;
      const cached = local.get(key);
      if (cached !== undefined) return cached;
      const read = identify(raw, context);
      const shared =
        read.identifier?.namespace === 'tel' ? readInternational(read.value, context) : read;
      local.set(key, shared);
      return shared;
    },
    get size() {
      return international.size + local.size;
    },
  };
}

const PLUS = 43;

function createGenerations(half: number) {
  let young = new Map<string, Identified>();
  let old = new Map<string, Identified>();
  const set = (key: string, value: Identified): void => {
    if (young.size >= half) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    get(key: string): Identified | undefined {
      const value = young.get(key);
      if (value !== undefined) return value;
      const before = old.get(key);
      if (before !== undefined) set(key, before);
      return before;
    },
    set,
    get size() {
      return young.size + old.size;
    },
  };
}
