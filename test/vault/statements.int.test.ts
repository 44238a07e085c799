import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDatabase } from '#test/support/postgres.ts';
import { ask, inTransaction } from '../../services/vault/statements.ts';

const HUNG = 'select pg_sleep(20)';

test('a statement the database leaves unanswered is given up as unavailable', async () => {
  await using database = await freshDatabase();
  await expect(ask(database.pool, HUNG, [], 100)).rejects.toMatchObject({ code: 'unavailable' });
  expect((await ask(database.pool, 'select $1::int as n', [1])).rows).toEqual([{ n: 1 }]);
});

test('a transaction ends at once when one of its statements is not answered', async () => {
  await using database = await freshDatabase();
  await ask(database.pool, 'create table kept (n integer)');
  const from = performance.now();
  const lost = inTransaction(database.pool, async (client) => {
    await ask(client, 'insert into kept values (1)');
    await ask(client, HUNG, [], 100);
  });
  await expect(lost).rejects.toMatchObject({ code: 'unavailable' });
  expect(performance.now() - from).toBeLessThan(5_000);
  expect((await ask(database.pool, 'select from kept')).rowCount).toBe(0);
});

test('a transaction that fails for another reason keeps its connection and none of its rows', async () => {
  await using database = await freshDatabase({ max: 1 });
  const pid = async () => (await ask(database.pool, 'select pg_backend_pid() as pid')).rows[0];
  await ask(database.pool, 'create table kept (n integer)');
  const before = await pid();
  const failed = inTransaction(database.pool, async (client) => {
    await ask(client, 'insert into kept values (1)');
    throw new RangeError('no');
  });
  await expect(failed).rejects.toThrow(RangeError);
  expect(await pid()).toEqual(before);
  expect((await ask(database.pool, 'select from kept')).rowCount).toBe(0);
  await inTransaction(database.pool, (client) => ask(client, 'insert into kept values (2)'));
  expect((await ask(database.pool, 'select from kept')).rowCount).toBe(1);
});

test('no statement of the vault is without a time-out', async () => {
  const folder = join(import.meta.dirname, '../../services/vault');
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(40);
  const bare: string[] = [];
  for (const name of files) {
    if (name === 'statements.ts') continue;
    const text = await readFile(join(folder, name), 'utf8');
    if (/\.query\b|\bwithTransaction\b/.test(text)) bare.push(name);
  }
  expect(bare).toEqual([]);
});
