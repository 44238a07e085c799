import type { Clock, Failpoint, Logger, Pool } from '#platform';
import { createRecorder } from './access.ts';
import type { Suite } from './boxes/aead.ts';
import type { Custodian } from './custodian/port.ts';
import { createFreshness } from './freshness.ts';
import type { Decisions } from './key-tree/decisions.ts';
import type { KeyTree } from './key-tree/key-tree.ts';
import { openKeyTree } from './key-tree/key-tree.ts';
import { createPointerOpener, createPointers } from './pointers.ts';
import type { PointerOpener, Reader, RecordAccess, Sealer } from './port.ts';
import { createReader } from './reader.ts';
import { createSealer } from './sealer.ts';
import { warnOfSwap } from './swap.ts';
import { waitFor } from './waiting.ts';

export interface PointerVaultOptions {
  readonly pool: Pool;
  readonly custodian: Custodian;
  readonly decisions: Decisions;
  readonly logger: Logger;
  readonly failpoint?: Failpoint;
}

export interface VaultOptions extends PointerVaultOptions {
  readonly clock: Clock;
  readonly recordAccess: RecordAccess;
  /** Of new boxes; old ones open whatever their suite. Default: XChaCha20-Poly1305. */
  readonly suite?: 'xchacha20-poly1305' | 'aes-256-gcm';
  /** Slots cached by the sealer. Default 200,000: about 60 MB. */
  readonly slotsMax?: number;
}

/** What a projector is given: it can learn which slots an event names, and open nothing. */
export interface PointerVault {
  readonly pointers: PointerOpener;
  close(): Promise<void>;
}

export interface Vault extends PointerVault {
  readonly sealer: Sealer;
  readonly reader: Reader;
  readonly keyTree: KeyTree;
}

const SUITES: Record<'xchacha20-poly1305' | 'aes-256-gcm', Suite> = {
  'xchacha20-poly1305': 1,
  'aes-256-gcm': 2,
};

const SLOTS_MAX = 200_000;

/**
 * Opens the vault, waiting while its database or custodian is away. Keys are made where there are
 * none yet.
 *
 * @throws VaultError `generation_mismatch`, `root_missing`, `root_permissions`
 */
export async function createVault(options: VaultOptions): Promise<Vault> {
  const { pool, clock, logger, recordAccess } = options;
  const suite = SUITES[options.suite ?? 'xchacha20-poly1305'];
  const closing = new AbortController();
  const { signal } = closing;
  await warnOfSwap(logger);
  const tree = await waitFor(() => openKeyTree(options), { logger, what: 'opening', signal });
  const freshness = createFreshness(tree);
  const pointers = createPointers(tree, freshness);
  const record = createRecorder({ tree, clock, recordAccess, suite });
  const slotsMax = options.slotsMax ?? SLOTS_MAX;
  return {
    keyTree: tree,
    pointers: createPointerOpener(pointers),
    sealer: createSealer({ pool, tree, freshness, suite, logger, signal, slotsMax }),
    reader: createReader({ pool, tree, freshness, pointers, record }),
    async close() {
      closing.abort();
      freshness.forget();
      await tree[Symbol.asyncDispose]();
    },
  };
}

/** A vault that reads epoch keys and refuses every other kind. */
export async function createPointerVault(options: PointerVaultOptions): Promise<PointerVault> {
  const closing = new AbortController();
  const { logger } = options;
  const tree = await waitFor(() => openKeyTree({ ...options, kinds: new Set(['epoch']) }), {
    logger,
    what: 'opening',
    signal: closing.signal,
  });
  const freshness = createFreshness(tree);
  const pointers = createPointers(tree, freshness);
  return {
    pointers: createPointerOpener(pointers),
    async close() {
      closing.abort();
      freshness.forget();
      await tree[Symbol.asyncDispose]();
    },
  };
}
