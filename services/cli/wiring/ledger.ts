import { loadSchemas } from '#events';
import type { Schemas } from '#events';
import type { Journal } from '#journal';
import { createFailpoint, createPool, systemClock } from '#platform';
import type { Clock, Config, Failpoint, Lifecycle, Logger, Pool } from '#platform';
import { createPointerVault, createVault } from '#vault';
import type { Custodian, PointerVault, Vault } from '#vault';
import { createKeyFileCustodian } from '#vault/custodian';
import { createVaultDecisions } from './decisions.ts';
import type { VaultDecisions } from './decisions.ts';
import { openJournal } from './journal.ts';

/** What every process of the ledger stands on, opened by hand in order and closed in reverse. */
export interface Ledger {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pool: Pool;
  readonly journal: Journal;
  readonly schemas: Schemas;
  readonly failpoint: Failpoint;
  /** Opens every kind of key: for sealing and for authorised reading. */
  openVault(): Promise<Vault>;
  /** Opens epoch keys alone: for projectors. */
  openPointerVault(): Promise<PointerVault>;
}

export interface LedgerOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly lifecycle: Pick<Lifecycle, 'onStop'>;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  /** Database connections at most; the vault needs four. */
  readonly connections?: number;
}

const CONNECTIONS = 12;

export async function openLedger({
  config,
  logger,
  lifecycle,
  name,
  connections = CONNECTIONS,
}: LedgerOptions): Promise<Ledger> {
  const clock = systemClock;
  const pool = createPool({ url: config.databaseUrl, max: connections, name });
  lifecycle.onStop('database', () => pool.end());
  const journal = await openJournal(config, pool);
  lifecycle.onStop('journal', () => journal[Symbol.asyncDispose]());
  const schemas = await loadSchemas();
  const failpoint = createFailpoint(config.failpoint);
  const decisions = createVaultDecisions(journal, schemas, clock);
  const parts = async (): Promise<{
    pool: Pool;
    custodian: Custodian;
    decisions: VaultDecisions;
    logger: Logger;
    failpoint: Failpoint;
  }> => ({
    pool,
    custodian: await createKeyFileCustodian({ folder: config.root, outside: config.data }),
    decisions,
    logger,
    failpoint,
  });
  return {
    config,
    clock,
    logger,
    pool,
    journal,
    schemas,
    failpoint,
    async openVault() {
      const vault = await createVault({
        ...(await parts()),
        clock,
        recordAccess: decisions.recordAccess,
      });
      lifecycle.onStop('vault', () => vault.close());
      return vault;
    },
    async openPointerVault() {
      const vault = await createPointerVault(await parts());
      lifecycle.onStop('vault', () => vault.close());
      return vault;
    },
  };
}
