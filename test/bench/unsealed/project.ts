import { startProjections } from '#projections';
import { plainPointers } from './plain-vault.ts';
import { openProcess } from './process.ts';

/** The projection role reading the pointers of `plainSealer`. */
const bench = await openProcess('project');
const { pool, journal, schemas, clock, logger, failpoint } = bench.ledger;
const projections = await startProjections({
  ...{ pool, journal, schemas, clock, logger, failpoint },
  pointers: plainPointers,
  metrics: bench.metrics,
});
bench.onStop('projections', () => projections.stop());
bench.ready('project without sealing');
