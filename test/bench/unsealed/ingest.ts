import { openIngest } from '../../../services/cli/wiring/ingest.ts';
import { plainSealer } from './plain-vault.ts';
import { openProcess } from './process.ts';

/** The ingest role with `plainSealer` where the vault would be. */
const bench = await openProcess('ingest');
const vault = await bench.ledger.openVault();
const { ingest, settings } = await openIngest(
  bench.ledger,
  { ...vault, sealer: plainSealer },
  bench.metrics,
);
if (settings.kafka === undefined) throw new Error('TOLLBOOK_KAFKA is not set');
const intake = ingest.readKafka(settings.kafka);
bench.onStop('kafka', () => intake.close());
bench.ready('ingest without sealing');
await intake.done;
