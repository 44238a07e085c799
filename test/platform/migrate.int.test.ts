import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { migrate } from '#platform';
import { freshDatabase } from '#test/support/postgres.ts';

async function folder(files: Record<string, string>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'migrations-'));
  for (const [name, sql] of Object.entries(files)) await writeFile(join(path, name), sql);
  return path;
}

test('migrations run once, in order, also when several processes start together', async () => {
  await using database = await freshDatabase();
  const path = await folder({
    '002-b.sql': 'insert into x.t values (2)',
    '001-a.sql': 'create table x.t (n int)',
  });
  const runs = await Promise.all([1, 2, 3, 4].map(() => migrate(database.pool, 'x', path)));
  expect(runs.flat().sort()).toEqual(['001-a.sql', '002-b.sql']);
  expect((await database.pool.query('select n from x.t')).rows).toEqual([{ n: 2 }]);
});

test('a migration that failed leaves nothing behind', async () => {
  await using database = await freshDatabase();
  const path = await folder({ '001-a.sql': 'create table x.t (n int); select 1/0' });
  await expect(migrate(database.pool, 'x', path)).rejects.toThrow('division by zero');
  expect((await database.pool.query(`select to_regclass('x.t') as t`)).rows).toEqual([{ t: null }]);
});

test('a migration edited after it ran is refused', async () => {
  await using database = await freshDatabase();
  const path = await folder({ '001-a.sql': 'create table x.t (n int)' });
  await migrate(database.pool, 'x', path);
  await writeFile(join(path, '001-a.sql'), 'create table x.t (n bigint)');
  await expect(migrate(database.pool, 'x', path)).rejects.toMatchObject({
    code: 'migration_changed',
  });
});
