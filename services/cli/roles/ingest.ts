import { CliError } from '../errors.ts';
import { openIngest } from '../wiring/ingest.ts';
import { openLedger } from '../wiring/ledger.ts';
import type { RoleContext } from './role.ts';

/** The Kafka intake. A halt is told and not restarted: it needs a decision. */
export async function ingestRole(context: RoleContext): Promise<void> {
  const { config, logger, lifecycle, metrics, supervisor, fail } = context;
  const ledger = await openLedger({ config, logger, lifecycle, name: 'ingest' });
  const vault = await ledger.openVault();
  const { ingest, settings } = await openIngest(ledger, vault, metrics);
  if (settings.kafka === undefined) {
    throw new CliError('usage', 'the ingest role needs brokers: set TOLLBOOK_KAFKA');
  }
  const intake = ingest.readKafka(settings.kafka);
  lifecycle.onStop('kafka', () => intake.close());
  intake.done.catch((error: unknown) => {
    const why = error instanceof Error ? error.message : 'for no reason given';
    supervisor.halted(why);
    fail(new CliError('halted', why, { cause: error }));
  });
  supervisor.ready(`ingest reads ${config.kafkaTopics.join(', ')} from ${config.kafka.join(', ')}`);
}
