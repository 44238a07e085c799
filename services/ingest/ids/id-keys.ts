import type { Month, Sealer } from '#vault';
import type { IdKeys } from './scoped-ids.ts';

/** Id keys in use: the current month's, last month's and those of late events. */
export interface LoadedIdKeys extends IdKeys {
  load(month: Month): Promise<void>;
  /** Forgets all keys: after a fence some may be gone. */
  clear(): void;
}

/** L spans two month borders at most; an import brings one more. */
const HELD_MAX = 6;

export function createIdKeys(sealer: Sealer): LoadedIdKeys {
  const keys = new Map<Month, Uint8Array>();
  const drop = (month: Month): void => {
    keys.get(month)?.fill(0);
    keys.delete(month);
  };
  return {
    get: (month) => keys.get(month),
    async load(month) {
      if (keys.has(month)) return;
      const key = await sealer.idKey(month);
      for (const held of keys.keys()) {
        if (keys.size < HELD_MAX) break;
        drop(held);
      }
      // A copy of its own: the vault may zero what it handed out.
      keys.set(month, Buffer.from(key));
    },
    clear() {
      for (const month of keys.keys()) drop(month);
    },
  };
}
