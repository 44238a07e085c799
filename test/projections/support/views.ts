import { createHash } from 'node:crypto';
import type { Intake } from '#ingest';
import type { Pool } from '#platform';
import { createPool } from '#platform';
import { createProjector, createRecorder, createUsageSums, migrateViews } from '#projections';
import type { ProjectorSettings } from '#projections';
import type { TestLedger, TestLedgerOptions } from '../../ingest/support/ledger.ts';
import { testLedger } from '../../ingest/support/ledger.ts';

export interface TestViews extends AsyncDisposable {
  readonly ledger: TestLedger;
  readonly pool: Pool;
  /** Hands records in as one source, into one intake log; durable when it resolves. */
  hand(
    records: readonly (string | object)[],
    into?: { log?: string; source?: string; accountId?: string },
  ): Promise<void>;
  /** Brings every view up to the head of every log. */
  project(settings?: Partial<ProjectorSettings>): Promise<void>;
  /** Every row of every view, as text in a fixed order. */
  rows(): Promise<Record<string, string[]>>;
}

export async function testViews(options: TestLedgerOptions = {}): Promise<TestViews> {
  const ledger = await testLedger(options);
  const pool = createPool({ url: ledger.url, max: 8, name: 'views test' });
  await migrateViews(pool);
  const intakes = new Map<string, Promise<Intake>>();

  return {
    ledger,
    pool,
    async hand(records, { log = 'test', source = 'switch-1', accountId } = {}) {
      let intake = intakes.get(log);
      if (intake === undefined) intakes.set(log, (intake = ledger.ingest.openIntake(log)));
      const open = await intake;
      const handed = records.map((record) => {
        const body = Buffer.from(typeof record === 'string' ? record : JSON.stringify(record));
        return { body, nativeId: () => createHash('sha256').update(body).digest('hex') };
      });
      const receipt = await open.hand({ source, accountId }, 'tollbook', handed);
      await open.durable(receipt.mark);
    },
    async project(settings = {}) {
      const { journal, schemas, vault } = ledger;
      const parts = { pool, journal, schemas, pointers: vault.pointers };
      await using projector = await createProjector({ ...parts, ...settings });
      while ((await projector.step()).events > 0);
      await projector.flush();
      const recorder = await createRecorder(parts);
      while ((await recorder.step()) > 0);
      const sums = createUsageSums(parts);
      while ((await sums.step()) > 0);
    },
    async rows() {
      const dump = async (table: string, columns = '*'): Promise<string[]> => {
        const result = await pool.query<{ row: string }>(
          `select (select r from (select ${columns}) r)::text as row from views.${table} t order by 1`,
        );
        return result.rows.map(({ row }) => row);
      };
      return {
        state: await dump('state', 't.id, t.started_at, t.state, t.redirect, t.said'),
        cdr: await dump('cdr', 't.*'),
        history: await dump('history', 't.*'),
        party: await dump('party', 't.*'),
        quarantine: await dump('quarantine', 't.*'),
        usage: await dump('usage', 't.*'),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const intake of intakes.values()) await (await intake).close();
      await pool.end();
      await ledger[Symbol.asyncDispose]();
    },
  };
}
