import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Pool } from '#platform';
import { createLogger, manualClock } from '#platform';
import type { AccessRecord, Custodian, Decisions, TurnState, Vault, VaultOptions } from '#vault';
import { createVault, migrateVault } from '#vault';
import { createKeyFileCustodian } from '#vault/custodian';

/** The turns a decision log would hold. */
export interface MemoryDecisions extends Decisions {
  current: TurnState;
}

export function memoryDecisions(start: TurnState = { done: 0 }): MemoryDecisions {
  const decisions: MemoryDecisions = {
    current: start,
    state: async () => decisions.current,
    turnBegan: async (_from, to) => {
      decisions.current = { done: decisions.current.done, began: to };
    },
    turnDone: async (generation) => {
      const { began } = decisions.current;
      decisions.current =
        began !== undefined && began > generation
          ? { done: generation, began }
          : { done: generation };
    },
  };
  return decisions;
}

/** What several vaults on one database share. */
export interface VaultPlace {
  readonly pool: Pool;
  readonly folder: string;
  readonly custodian: Custodian;
  readonly decisions: MemoryDecisions;
  readonly clock: Clock & { set(us: number): void; advance(us: number): void };
  /** Every access record, in order. */
  readonly records: AccessRecord[];
  open(options?: Partial<VaultOptions>): Promise<Vault>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** 2026-11-15T12:00:00Z */
export const NOON_US = Date.UTC(2026, 10, 15, 12) * 1000;

/** A vault's surroundings on `pool`: the schema, a root folder of its own, a decision log in memory. */
export async function vaultPlace(pool: Pool): Promise<VaultPlace> {
  await migrateVault(pool);
  const parent = await mkdtemp(join(tmpdir(), 'tollbook-root-'));
  const folder = join(parent, 'root');
  const custodian = await createKeyFileCustodian({ folder });
  const decisions = memoryDecisions();
  const clock = manualClock(NOON_US);
  const records: AccessRecord[] = [];
  const logger = createLogger({ level: 'silent', name: 'test' });
  const opened: Vault[] = [];
  return {
    pool,
    folder,
    custodian,
    decisions,
    clock,
    records,
    async open(options = {}) {
      const recordAccess = async (record: AccessRecord) => {
        records.push(record);
      };
      const vault = await createVault({
        pool,
        custodian,
        decisions,
        clock,
        logger,
        recordAccess,
        slotsMax: 64_000,
        ...options,
      });
      opened.push(vault);
      return vault;
    },
    async [Symbol.asyncDispose]() {
      for (const vault of opened) await vault.close();
      await rm(parent, { recursive: true, force: true });
    },
  };
}
