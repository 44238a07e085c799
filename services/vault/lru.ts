/** A bounded map: the least recently used value leaves first, and is handed to `evict`. */
export interface Lru<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  /** Drops what `doomed` says, or everything. */
  drop(doomed?: (value: V, key: K) => boolean): void;
  readonly size: number;
}

export function createLru<K, V>(max: number, evict: (value: V) => void): Lru<K, V> {
  const values = new Map<K, V>();
  return {
    get(key) {
      const value = values.get(key);
      if (value === undefined) return undefined;
      values.delete(key);
      values.set(key, value);
      return value;
    },
    set(key, value) {
      const before = values.get(key);
      if (before !== undefined) evict(before);
      values.delete(key);
      values.set(key, value);
      for (const [oldest, old] of values) {
        if (values.size <= max) break;
        values.delete(oldest);
        evict(old);
      }
    },
    drop(doomed = () => true) {
      for (const [key, value] of values) {
        if (!doomed(value, key)) continue;
        values.delete(key);
        evict(value);
      }
    },
    get size() {
      return values.size;
    },
  };
}
