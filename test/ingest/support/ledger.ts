import type { RegistryClient, Schemas, StoredEvent } from '#events';
import { createWireDecoder, decodeStored, loadSchemas } from '#events';
import type { Ingest, IngestParts } from '#ingest';
import { createDomains, createIngest, createSources } from '#ingest';
import type { Journal } from '#journal';
import { listLogs } from '#journal';
import { createPostgresJournal, migrateJournal } from '#journal/postgres';
import type { Pool } from '#platform';
import { createLogger, createPool } from '#platform';
import { freshDatabase } from '#test/support/postgres.ts';
import type { TcpProxy } from '#test/support/tcp-proxy.ts';
import { startTcpProxy } from '#test/support/tcp-proxy.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { NOON_US, vaultPlace } from '#test/support/vault.ts';
import type { Vault } from '#vault';

/** A journal, a vault and an ingest over one fresh database. */
export interface TestLedger extends AsyncDisposable {
  readonly url: string;
  readonly schemas: Schemas;
  readonly journal: Journal;
  readonly vault: Vault;
  readonly place: VaultPlace;
  readonly ingest: Ingest;
  readonly parts: IngestParts;
  /** Everything logged, one JSON object a line. */
  readonly logged: string[];
  /** With `isBreakable`: what the journal's connections go through. */
  readonly proxy: TcpProxy | undefined;
  /** Another process's ingest over the same ledger. */
  another(change?: Partial<IngestParts>): Promise<Ingest>;
  events(log: string): Promise<StoredEvent[]>;
  logs(): Promise<string[]>;
  dump(): Promise<Buffer>;
}

export interface TestLedgerOptions {
  readonly registry?: RegistryClient;
  /** The clock is the vault's manual one; µs. */
  readonly now?: number;
  readonly change?: (parts: IngestParts) => Partial<IngestParts>;
  /** The journal is reached through a proxy that can lose it. */
  readonly isBreakable?: boolean;
}

export async function testLedger(options: TestLedgerOptions = {}): Promise<TestLedger> {
  const { registry, now = NOON_US, change, isBreakable = false } = options;
  const database = await freshDatabase({ max: 12 });
  await migrateJournal(database.pool);
  const proxied = isBreakable ? await proxyTo(database.url) : undefined;
  const pool = proxied?.pool ?? database.pool;
  const journal = await createPostgresJournal({ pool, durability: 'waived' });
  const place = await vaultPlace(database.pool);
  place.clock.set(now);
  const vault = await place.open();
  const schemas = await loadSchemas();
  const logged: string[] = [];
  const logger = createLogger({
    level: 'debug',
    name: 'test',
    destination: { write: (line: string) => void logged.push(line) },
  });
  const base: IngestParts = {
    journal,
    sealer: vault.sealer,
    schemas,
    wire: registry === undefined ? undefined : createWireDecoder({ schemas, registry }),
    clock: place.clock,
    logger,
    sources: createSources([], { country: 'GB' }),
    domains: createDomains([], 'cpaas-eu'),
    latenessDays: 30,
  };
  const parts = { ...base, ...change?.(base) };
  return {
    url: database.url,
    schemas,
    journal,
    vault,
    place,
    parts,
    ingest: createIngest(parts),
    logged,
    proxy: proxied?.proxy,
    async another(more = {}) {
      const other = await place.open();
      return createIngest({ ...parts, sealer: other.sealer, ...more });
    },
    async events(log) {
      const events: StoredEvent[] = [];
      for await (const batch of journal.readLog(log, 0, 1_000)) {
        for (const event of batch) events.push(decodeStored(schemas, event));
      }
      return events;
    },
    logs: async () => (await listLogs(journal)).map(({ log }) => log),
    async dump() {
      const { rows } = await database.pool.query<{ frame: Buffer }>(
        'select frame from journal.slices',
      );
      return Buffer.concat(rows.map(({ frame }) => frame));
    },
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
      await proxied?.pool.end();
      await proxied?.proxy[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function proxyTo(url: string): Promise<{ proxy: TcpProxy; pool: Pool }> {
  const direct = new URL(url);
  const socket = direct.searchParams.get('host') ?? '';
  const proxy = await startTcpProxy({
    path: `${socket}/.s.PGSQL.${direct.port === '' ? '5432' : direct.port}`,
  });
  const through = new URL(url);
  through.searchParams.delete('host');
  through.host = `127.0.0.1:${proxy.port}`;
  return { proxy, pool: createPool({ url: through.href, max: 8, name: 'test' }) };
}
