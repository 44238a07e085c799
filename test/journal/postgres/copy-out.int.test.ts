import { expect, test } from 'vitest';
import { freshDatabase } from '#test/support/postgres.ts';
import { copyOut } from '../../../services/journal/postgres/copy-out.ts';

test('rows come as the bytes PostgreSQL sends, whatever their number', async () => {
  await using database = await freshDatabase();
  const client = await database.pool.connect();
  const rows = await copyOut(
    client,
    `select i::int8, case when i % 2 = 0 then decode(repeat('00ff', i), 'hex') end from generate_series(0, 3000) i`,
    10_000,
  );
  expect(rows).toHaveLength(3001);
  rows.forEach(([number, bytes], i) => {
    expect(number?.readBigInt64BE(0)).toBe(BigInt(i));
    if (i % 2 === 1) expect(bytes).toBeUndefined();
    else expect(bytes?.equals(Buffer.from('00ff'.repeat(i), 'hex'))).toBe(true);
  });
  expect(await copyOut(client, 'select 1 where false', 10_000)).toEqual([]);
  client.release();
});

test('an error of the server rejects and leaves the connection usable', async () => {
  await using database = await freshDatabase();
  const client = await database.pool.connect();
  await expect(
    copyOut(client, 'select 1 / (3 - i) from generate_series(1, 5) i', 10_000),
  ).rejects.toMatchObject({
    code: '22012',
  });
  expect(await copyOut(client, 'select 1', 10_000)).toHaveLength(1);
  client.release();
});

test('a server that falls silent is unavailable', async () => {
  await using database = await freshDatabase();
  const client = await database.pool.connect();
  await expect(copyOut(client, 'select pg_sleep(20)', 100)).rejects.toMatchObject({
    code: 'unavailable',
  });
  client.release(true);
});
