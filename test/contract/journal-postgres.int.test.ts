import type { Pool } from '#platform';
import { createPool } from '#platform';
import { createPostgresJournal, migrateJournal } from '#journal/postgres';
import { freshDatabase } from '#test/support/postgres.ts';
import { startTcpProxy } from '#test/support/tcp-proxy.ts';
import type { JournalSubject } from './journal.ts';
import { journalContract } from './journal.ts';

/** The name of the append's prepared statement stands in each request for it. */
const APPEND = 'journal_append';

journalContract('postgres', async (): Promise<JournalSubject> => {
  const database = await freshDatabase();
  await migrateJournal(database.pool);
  const direct = new URL(database.url);
  const socket = direct.searchParams.get('host') ?? '';
  const proxy = await startTcpProxy({
    path: `${socket}/.s.PGSQL.${direct.port === '' ? '5432' : direct.port}`,
  });
  const url = new URL(database.url);
  url.searchParams.delete('host');
  url.host = `127.0.0.1:${proxy.port}`;
  const pools: Pool[] = [];
  const openPool = (address: string): Pool => {
    const pool = createPool({ url: address, max: 5, name: 'test' });
    pools.push(pool);
    return pool;
  };
  return {
    journal: await createPostgresJournal({ pool: openPool(url.href) }),
    another: () => createPostgresJournal({ pool: openPool(database.url) }),
    outage: {
      lose: (what, then) => proxy.cutNext(what === 'request' ? 'before' : 'after', APPEND, then),
      down: () => proxy.down(),
      up: () => proxy.up(),
    },
    async [Symbol.asyncDispose]() {
      for (const pool of pools) await pool.end();
      await proxy[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
});
