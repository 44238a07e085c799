/** A process that turns the key tree and is killed at a step: `main.ts URL ROOT STEP ENTRY...` */
import { createFailpoint, createLogger, createPool } from '#platform';
import { createKeyFileCustodian } from '#vault/custodian';
import { openKeyTree } from '../../../services/vault/key-tree/key-tree.ts';
import { tableDecisions } from './decisions.ts';

const [url = '', folder = '', step = '', ...entries] = process.argv.slice(2);
const pool = createPool({ url, max: 4, name: 'turner' });
const tree = await openKeyTree({
  pool,
  custodian: await createKeyFileCustodian({ folder }),
  decisions: await tableDecisions(pool),
  logger: createLogger({ level: 'silent', name: 'turner' }),
  failpoint: createFailpoint(step),
});
await tree.turn(entries.map((entry) => Buffer.from(entry, 'hex')));
await tree[Symbol.asyncDispose]();
await pool.end();
