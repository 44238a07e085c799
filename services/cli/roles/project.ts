import { startProjections } from '#projections';
import { openLedger } from '../wiring/ledger.ts';
import type { RoleContext } from './role.ts';

/** All views, the usage recorder and the closer. It can learn which slots an event names, and open nothing. */
export async function projectRole({
  config,
  logger,
  lifecycle,
  metrics,
  supervisor,
}: RoleContext): Promise<void> {
  const ledger = await openLedger({ config, logger, lifecycle, name: 'project' });
  const { pointers } = await ledger.openPointerVault();
  const { pool, journal, schemas, clock, failpoint } = ledger;
  const projections = await startProjections({
    pool,
    journal,
    schemas,
    pointers,
    clock,
    logger,
    metrics,
    failpoint,
  });
  lifecycle.onStop('projections', () => projections.stop());
  supervisor.ready('project keeps the views');
}
