import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLockedMemory } from '../../services/vault/key-tree/locked-memory.ts';
import { createLru } from '../../services/vault/lru.ts';
import { createSlotCache, SLOT_KEY_AT } from '../../services/vault/slot-cache.ts';

const slotOf = (n: number) => ({
  slot: Buffer.alloc(16, n),
  key: Buffer.alloc(32, n),
  from: n,
});

describe('the slot cache', () => {
  it('never answers with another slot, whatever the order of puts and finds', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(30), fc.nat(2));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = createSlotCache(16);
        for (const [put, n, directory] of steps) {
          if (put) cache.put(directory, `id ${n}`, slotOf(n + 31 * directory));
          const at = cache.find(directory, `id ${n}`);
          if (put) expect(at).toBeGreaterThanOrEqual(0);
          if (at < 0) continue;
          expect(cache.from(at)).toBe(n + 31 * directory);
          expect(cache.view(at, SLOT_KEY_AT, 1)[0]).toBe(n + 31 * directory);
          expect(cache.size).toBeLessThanOrEqual(16);
        }
      }),
    );
  });

  it('keeps what is used and drops what is not', () => {
    const cache = createSlotCache(8);
    cache.put(0, 'used', slotOf(1));
    cache.put(0, 'stale', slotOf(2));
    for (let n = 0; n < 40; n += 1) {
      cache.put(0, `other ${n}`, slotOf(3));
      expect(cache.find(0, 'used')).toBeGreaterThanOrEqual(0);
    }
    expect(cache.find(0, 'stale')).toBe(-1);
  });

  it('zeroes the half it gives up', () => {
    const cache = createSlotCache(8);
    cache.put(0, 'first', slotOf(1));
    const key = cache.view(cache.put(0, 'second', slotOf(2)), SLOT_KEY_AT, 32);
    expect(key).toEqual(Buffer.alloc(32, 2));
    // Two halves of four: the ninth one takes the first place of what was the oldest half.
    for (let n = 2; n < 9; n += 1) cache.put(0, `other ${n}`, slotOf(3));
    expect(key).toEqual(Buffer.alloc(32));
  });

  it('drops slots by id and leaves the others', () => {
    const cache = createSlotCache(8);
    const key = cache.view(cache.put(0, 'a', slotOf(1)), SLOT_KEY_AT, 32);
    cache.put(0, 'b', slotOf(2));
    cache.drop(new Set([Buffer.alloc(16, 1).toString('latin1')]));
    expect([cache.find(0, 'a'), cache.find(0, 'b')]).toEqual([-1, 1]);
    expect(key).toEqual(Buffer.alloc(32));
  });
});

describe('a bounded map', () => {
  it('hands the least recently used value to be zeroed', () => {
    const gone: string[] = [];
    const lru = createLru<string, string>(2, (value) => gone.push(value));
    lru.set('a', 'A');
    lru.set('b', 'B');
    lru.get('a');
    lru.set('c', 'C');
    expect(gone).toEqual(['B']);
    lru.drop((value) => value === 'A');
    lru.drop();
    expect(gone).toEqual(['B', 'A', 'C']);
    expect(lru.size).toBe(0);
  });
});

describe('locked memory', () => {
  it('hands out a place once, zeroed, and zeroes it when it comes back', () => {
    const memory = createLockedMemory();
    const places = Array.from({ length: 600 }, () => memory.take());
    for (const place of places) {
      expect(place).toEqual(Buffer.alloc(32));
      place.set(randomBytes(32));
    }
    const [first] = places;
    if (first === undefined) throw new Error('no place');
    memory.give(first);
    expect(first).toEqual(Buffer.alloc(32));
    memory[Symbol.dispose]();
  });
});
