import type { KeyTree } from './key-tree/key-tree.ts';
import { idText } from './key-tree/entry-id.ts';

/** How long cached keys are used before the generation is looked at again. */
export const LEASE_MS = 500;

/**
 * The lease under which a process uses keys it has cached: whoever destroyed a key knows that it is out of
 * every cache once the lease has passed since the turn.
 */
export interface Freshness {
  /** Called with the ids of destroyed entries, or nothing when all must go. */
  onDestroyed(listener: (entries?: ReadonlySet<string>) => void): void;
  /** Looks at the generation when the lease ended. */
  check(): Promise<void>;
  /** Drops every cached key and looks at the generation now. */
  refresh(): Promise<void>;
  /** Drops every cached key. */
  forget(): void;
}

export function createFreshness(tree: KeyTree): Freshness {
  const listeners: ((entries?: ReadonlySet<string>) => void)[] = [];
  let checkedAt = performance.now();
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const now = performance.now();
    const change = await tree.change();
    checkedAt = now;
    if (change === undefined) return;
    const entries = new Set(change.destroyed.map(idText));
    for (const listener of listeners) listener(entries);
  }

  function forget(): void {
    for (const listener of listeners) listener();
  }

  return {
    forget,
    onDestroyed: (listener) => {
      listeners.push(listener);
    },
    async check() {
      if (performance.now() - checkedAt <= LEASE_MS) return;
      looking ??= look().finally(() => {
        looking = undefined;
      });
      await looking;
    },
    async refresh() {
      forget();
      await look();
    },
  };
}
