import sodium from 'sodium-native';
import { KEY_BYTES } from '../boxes/aead.ts';

const SLAB_KEYS = 512;

/**
 * Keys in memory that is locked against swapping, kept out of core dumps and fenced by guard pages
 * (sodium_malloc), handed out 32 bytes at a time because each allocation of its own costs pages.
 */
export interface LockedMemory {
  /** A zeroed place for a key. */
  take(): Buffer;
  /** Zeroes the place and makes it free again. */
  give(key: Buffer): void;
  [Symbol.dispose](): void;
}

export function createLockedMemory(): LockedMemory {
  const slabs: Buffer[] = [];
  const free: Buffer[] = [];
  return {
    take() {
      if (free.length === 0) {
        const slab = sodium.sodium_malloc(SLAB_KEYS * KEY_BYTES);
        slab.fill(0);
        slabs.push(slab);
        for (let i = 0; i < SLAB_KEYS; i += 1) {
          free.push(slab.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES));
        }
      }
      const key = free.pop();
      if (key === undefined) throw new RangeError('a slab was added and yet no place is free');
      return key;
    },
    give(key) {
      sodium.sodium_memzero(key);
      free.push(key);
    },
    [Symbol.dispose]() {
      for (const slab of slabs) sodium.sodium_memzero(slab);
      free.length = 0;
    },
  };
}
