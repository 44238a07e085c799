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
import type { Missing } from './resolver.ts';
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
/** Identifiers of a chunk: a quarter of the smallest slot cache, whose halves have to hold them all. */
const CHUNK_IDENTIFIERS = 16 * CHUNK;
/**
 * Loads after which a chunk has all its keys: one, and another for each turn, refresh or other process
 * that came between. Beyond this something takes away what is loaded.
 */
const LOADS_MAX = 32;
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
    for (let loads = 0; ; loads += 1) {
      // Loading may have waited for long: the lease is looked at before each use of the caches.
      await waiting(() => freshness.check());
      const missing = resolver.missing(requests, batch);
      if (missing === undefined) return writer.write(requests, batch);
      if (loads === LOADS_MAX) throw neverLoaded(missing);
      await waiting(() => resolver.load(missing, batch));
    }
  }

  return {
    async seal(requests) {
      const parts: SealedParts[] = [];
      for (let from = 0; from < requests.length;) {
        const to = endOfChunk(requests, from);
        if (from === 0 && to === requests.length) return sealChunk(requests);
        for (const sealed of await sealChunk(requests.slice(from, to))) parts.push(sealed);
        from = to;
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

/** Requests from `from` on whose identifiers the slot cache holds at once; at least one request. */
function endOfChunk(requests: readonly SealRequest[], from: number): number {
  let identifiers = 0;
  let to = from;
  for (; to < requests.length && to - from < CHUNK; to += 1) {
    let own = 0;
    for (const box of requests[to]?.boxes ?? []) own += box.identifiers.length;
    if (own > CHUNK_IDENTIFIERS) {
      throw new VaultError(
        'bad_request',
        `an event names ${own} persons: at most ${CHUNK_IDENTIFIERS} can be sealed at once`,
      );
    }
    identifiers += own;
    if (identifiers > CHUNK_IDENTIFIERS) break;
  }
  return to;
}

function neverLoaded({ scopes, directories, slots }: Missing): VaultError {
  let count = 0;
  for (const { latest } of slots.values()) count += latest.size;
  return new VaultError(
    'tampered',
    `the vault does not give back what it was asked for ${LOADS_MAX} times (${scopes.size} scopes, ${directories.size} directories, ${count} slots): rows of the directory are changed outside tollbook; find out by whom`,
  );
}
