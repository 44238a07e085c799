import { expect, test } from 'vitest';
import { freshDatabase } from '#test/support/postgres.ts';

test('the bundled PostgreSQL is durable and keeps statements out of its log', async () => {
  await using database = await freshDatabase();
  const { rows } = await database.pool.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in
       ('fsync', 'synchronous_commit', 'listen_addresses', 'log_error_verbosity', 'log_min_error_statement')
     order by name`,
  );
  expect(Object.fromEntries(rows.map((row) => [row.name, row.setting]))).toEqual({
    fsync: 'on',
    synchronous_commit: 'on',
    listen_addresses: '',
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
  });
});

test('a bigint column reads as a number', async () => {
  await using database = await freshDatabase();
  const { rows } = await database.pool.query<{ n: number }>('select 9007199254740991::int8 as n');
  expect(rows[0]?.n).toBe(Number.MAX_SAFE_INTEGER);
});
