import { migrateJournal } from '#journal/postgres';
import { createLogger } from '#platform';
import type { Config, Pool } from '#platform';
import { migrateViews } from '#projections';
import { migrateVault } from '#vault';
import { openLedger } from '../wiring/ledger.ts';

export interface PrepareOptions {
  readonly pool: Pool;
  readonly config: Config;
  readonly say: (line: string) => void;
}

/** Brings every schema up to date and sees that the vault opens, before any role starts. */
export async function prepareLedger({ pool, config, say }: PrepareOptions): Promise<void> {
  if (!config.journal.startsWith('esdb')) await migrateJournal(pool);
  await migrateVault(pool);
  await migrateViews(pool);
  const closers: (() => Promise<void> | void)[] = [];
  const lifecycle = {
    onStop: (_name: string, close: () => Promise<void> | void) => void closers.push(close),
  };
  try {
    const logger = createLogger({ level: 'warn', name: 'up' });
    const ledger = await openLedger({ config, logger, lifecycle, name: 'up', connections: 4 });
    await ledger.openVault();
  } finally {
    for (const close of closers.toReversed()) await close();
  }
  say('journal, vault and views are ready');
}
