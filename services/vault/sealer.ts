import type { Suite } from './boxes/aead.ts';
import type { Freshness } from './freshness.ts';
import type { KeyTree } from './key-tree/key-tree.ts';
import type { Logger, Pool } from '#platform';
import { createBoxWriter } from './box-writer.ts';
import { createDirectories } from './directory/directories.ts';
import { createQuarantineSealer } from './quarantine.ts';
import { createLru } from './lru.ts';
import type { Month, SealRequest, SealedParts, Sealer } from './port.ts';
import { VaultError } from './port.ts';
import { createResolver } from './resolver.ts';
import { idScope } from './scope-names.ts';
import { createScopeCache } from './scopes.ts';
import { createSlotCache } from './slot-cache.ts';
import { waitFor } from './waiting.ts';

export interface SealerOptions {
  readonly pool: Pool;
  readonly tree: KeyTree;
  readonly freshness: Freshness;
  readonly suite: Suite;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Slots kept at once; 144 bytes and an identifier each. */
  readonly slotsMax: number;
}

/** Requests sealed between two looks at the clock of other work. */
const CHUNK = 1000;
const ID_KEYS_MAX = 64;

export function createSealer(options: SealerOptions): Sealer {
  const { tree, freshness, suite, logger, signal } = options;
  const slots = createSlotCache(Math.max(options.slotsMax, 64 * CHUNK));
  const scopes = createScopeCache(tree);
  const directories = createDirectories(tree, options.pool);
  const idKeys = createLru<Month, Buffer>(ID_KEYS_MAX, (key) => key.fill(0));
  const resolver = createResolver({ slots, scopes, directories });
  const writer = createBoxWriter({ slots, resolver, suite });
  const quarantine = createQuarantineSealer(tree, freshness, suite);
  freshness.onDestroyed((entries) => {
    scopes.drop(entries);
    idKeys.drop();
    directories.drop(entries);
    if (entries === undefined) slots.clear();
    else slots.drop(entries);
  });

  const waiting = <T>(work: () => Promise<T>) => waitFor(work, { logger, what: 'sealing', signal });

  async function sealChunk(requests: readonly SealRequest[]): Promise<SealedParts[]> {
    const batch = resolver.begin();
    for (;;) {
      // Loading may have waited for long: the lease is looked at before each use of the caches.
      await waiting(() => freshness.check());
      const missing = resolver.missing(requests, batch);
      if (missing === undefined) return writer.write(requests, batch);
      await waiting(() => resolver.load(missing, batch));
    }
  }

  return {
    async seal(requests) {
      if (requests.length <= CHUNK) return sealChunk(requests);
      const parts: SealedParts[] = [];
      for (let i = 0; i < requests.length; i += CHUNK) {
        for (const sealed of await sealChunk(requests.slice(i, i + CHUNK))) parts.push(sealed);
      }
      return parts;
    },
    async idKey(month) {
      await waiting(() => freshness.check());
      const cached = idKeys.get(month);
      if (cached !== undefined) return Buffer.from(cached);
      const [found] = await waiting(() => tree.ensure([idScope(month)]));
      if (found?.state !== 'alive') {
        throw new VaultError(
          'bad_request',
          `the id key of month ${month} was destroyed: records that old cannot be accepted any more`,
        );
      }
      idKeys.set(month, found.key);
      return Buffer.from(found.key);
    },
    sealQuarantined: (records) => waiting(() => quarantine(records)),
    refresh: () => waiting(() => freshness.refresh()),
  };
}
