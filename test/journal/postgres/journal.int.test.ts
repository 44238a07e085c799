import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createPool, manualClock } from '#platform';
import { createPostgresJournal, migrateJournal } from '#journal/postgres';
import type { Journal } from '#journal';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import { anEvent, aSlice, content, ids, readAll } from '../../contract/journal-events.ts';

async function start(): Promise<{
  database: FreshDatabase;
  journal: Journal;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const database = await freshDatabase();
  await migrateJournal(database.pool);
  const journal = await createPostgresJournal({ pool: database.pool });
  return { database, journal, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

describe('durability', () => {
  test('a server that acknowledges before the disk has it is refused with the setting to change', async () => {
    await using database = await freshDatabase();
    await migrateJournal(database.pool);
    const url = new URL(database.url);
    const loose = createPool({ url: url.href, max: 1, name: 'test' });
    await loose.query('set synchronous_commit = off');
    await expect(createPostgresJournal({ pool: loose })).rejects.toMatchObject({
      code: 'not_durable',
      message: expect.stringContaining('synchronous_commit') as string,
    });
    await using journal = await createPostgresJournal({ pool: loose, durability: 'waived' });
    expect(await journal.append('a', aSlice(1), 0)).toEqual({ first: 1, last: 1 });
    await loose.end();
  });
});

describe('what the database reports', () => {
  test('a full disk is full, nothing is written, and it goes on when there is room', async () => {
    await using started = await start();
    const { database, journal } = started;
    await journal.append('a', aSlice(2), 0);
    await database.pool.query(`
      create function disk_full() returns trigger language plpgsql as $$
        begin raise exception 'could not extend file' using errcode = '53100'; end $$;
      create trigger disk_full before insert on journal.slices for each row execute function disk_full()`);
    await expect(journal.append('a', aSlice(2, 3), 2)).rejects.toMatchObject({ code: 'full' });
    expect(await journal.head('a')).toEqual({ position: 2, resume: 2 });
    await database.pool.query('drop trigger disk_full on journal.slices');
    expect(await journal.append('a', aSlice(2, 3), 2)).toEqual({ first: 3, last: 4 });
  });

  test('a session ended by the operator in mid-append leaves one copy', async () => {
    await using started = await start();
    const { database, journal } = started;
    await journal.append('a', aSlice(2), 0);
    const blocker = await database.pool.connect();
    await blocker.query('begin');
    await blocker.query(`select from journal.logs where name = 'a' for update`);
    const slice = aSlice(3, 3);
    const appended = journal.append('a', slice, 2);
    for (;;) {
      const { rowCount } = await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into journal.slices%'`,
      );
      if (rowCount === 1) break;
    }
    await blocker.query('rollback');
    blocker.release();
    expect(await appended).toEqual({ first: 3, last: 5 });
    expect(ids(await readAll(journal, 'a')).slice(2)).toEqual(ids(slice));
  });

  test('a database that was not migrated says what to do', async () => {
    await using database = await freshDatabase();
    await expect(createPostgresJournal({ pool: database.pool })).rejects.toMatchObject({
      message: expect.stringMatching(/migrations/) as string,
    });
  });

  test('wrong credentials are a setting, not an outage', async () => {
    await using database = await freshDatabase();
    const url = new URL(database.url);
    url.password = 'wrong';
    const pool = createPool({ url: url.href, max: 1, name: 'test' });
    await expect(createPostgresJournal({ pool })).rejects.toMatchObject({ code: 'invalid' });
    await pool.end();
  });
});

describe('damage', () => {
  test('a slice that is missing in the middle is corrupt, before and behind it reads well', async () => {
    await using started = await start();
    const { database, journal } = started;
    for (let i = 0; i < 3; i += 1) await journal.append('a', aSlice(2), 2 * i);
    await database.pool.query('delete from journal.slices where first_position = 3');
    await expect(readAll(journal, 'a')).rejects.toMatchObject({ code: 'corrupt' });
    expect(await readAll(journal, 'a', 4)).toHaveLength(2);
  });

  test('a last slice that is missing is corrupt', async () => {
    await using started = await start();
    const { database, journal } = started;
    for (let i = 0; i < 2; i += 1) await journal.append('a', aSlice(2), 2 * i);
    await database.pool.query('delete from journal.slices where first_position = 3');
    await expect(readAll(journal, 'a')).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('a slice whose bytes were changed is corrupt', async () => {
    await using started = await start();
    const { database, journal } = started;
    await journal.append('a', aSlice(2), 0);
    await database.pool.query('update journal.slices set frame = substring(frame from 1 for 60)');
    await expect(readAll(journal, 'a')).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe('months', () => {
  const clock = manualClock(Date.UTC(2024, 0, 15) * 1000);

  /** Moves what is there to another month, as if it had been recorded then. */
  async function age(database: FreshDatabase, us: number): Promise<void> {
    await database.pool.query('select journal.add_month($1)', [us]);
    await database.pool.query('update journal.slices set recorded_at = $1 where recorded_at > $2', [
      us,
      clock.now(),
    ]);
    await database.pool.query('update journal.logs set recorded_at = $1', [us]);
  }

  test('an append whose month has no partition makes it', async () => {
    await using started = await start();
    const { database, journal } = started;
    await database.pool.query(`
      do $$ declare month regclass; begin
        for month in select inhrelid from pg_inherits where inhparent = 'journal.slices'::regclass loop
          execute format('drop table %s', month);
        end loop;
      end $$`);
    expect(await journal.append('a', aSlice(2), 0)).toEqual({ first: 1, last: 2 });
    expect(await readAll(journal, 'a')).toHaveLength(2);
  });

  test('a log is read through all its months, in order', async () => {
    await using started = await start();
    const { database, journal } = started;
    const slices = [aSlice(3), aSlice(3), aSlice(3)];
    let position = 0;
    for (const [i, slice] of slices.entries()) {
      position = (await journal.append('a', slice, position)).last;
      if (i < 2) await age(database, Date.UTC(2024, 1 + i, 15) * 1000);
    }
    expect(ids(await readAll(journal, 'a', 0, 2))).toEqual(ids(slices.flat()));
    expect((await journal.readAt('a', [1, 5, 9])).map(content)).toEqual(
      [slices[0]?.[0], slices[1]?.[1], slices[2]?.[2]].flatMap((event) =>
        event ? [content(event)] : [],
      ),
    );
  });

  test('dropping the oldest month moves no position and disturbs no reader, writer or head', async () => {
    await using started = await start();
    const { database, journal } = started;
    const old = Date.UTC(2024, 1, 15) * 1000;
    await journal.append('a', aSlice(3), 0);
    await journal.append('gone', aSlice(2), 0);
    await age(database, old);
    const kept = aSlice(2, 4);
    await journal.append('a', kept, 3);
    await database.pool.query('select journal.drop_month($1)', [old]);
    const read = await readAll(journal, 'a');
    expect(ids(read)).toEqual(ids(kept));
    expect(read.map((event) => event.position)).toEqual([4, 5]);
    expect((await journal.readAt('a', [2, 4])).map((event) => event.position)).toEqual([4]);
    expect(await journal.head('a')).toEqual({ position: 5, resume: 5 });
    expect(await readAll(journal, 'gone')).toEqual([]);
    expect(await journal.head('gone')).toEqual({ position: 2, resume: 2 });
    expect(await journal.append('gone', aSlice(1), 2)).toEqual({ first: 3, last: 3 });
    expect(await readAll(journal, 'gone')).toHaveLength(1);
  });

  test('a month that still runs, or has an older one beside it, is not dropped', async () => {
    await using started = await start();
    const { database, journal } = started;
    await journal.append('a', aSlice(1), 0);
    const now = Date.now() * 1000;
    await expect(database.pool.query('select journal.drop_month($1)', [now])).rejects.toThrow(
      'has not ended',
    );
    await age(database, Date.UTC(2024, 1, 15) * 1000);
    await database.pool.query('select journal.add_month($1)', [Date.UTC(2024, 4, 15) * 1000]);
    await expect(
      database.pool.query('select journal.drop_month($1)', [Date.UTC(2024, 4, 15) * 1000]),
    ).rejects.toThrow('drop it first');
  });
});

test('sealed bytes lie as they are, out of line', async () => {
  await using started = await start();
  const { database, journal } = started;
  await journal.append(
    'a',
    Array.from({ length: 100 }, () => anEvent({ data: Buffer.alloc(300) })),
    0,
  );
  const { rows } = await database.pool.query<{ stored: number; bytes: number; storage: string }>(
    `select pg_column_size(frame) as stored, octet_length(frame) as bytes,
            (select string_agg(distinct attstorage::text, '') from pg_attribute
              where attname = 'frame' and attrelid = s.tableoid) as storage
       from journal.slices s`,
  );
  expect(rows[0]).toMatchObject({ storage: 'e', stored: rows[0]?.bytes });
});

test('a read holds two pages of 4 MiB at most, whatever a slice weighs', async () => {
  await using started = await start();
  const { database, journal } = started;
  for (let i = 0; i < 12; i += 1) {
    await journal.append('a', [anEvent({ data: randomBytes(3_000_000), resume: i })], i);
  }
  let asked = 0;
  database.pool.on('acquire', () => {
    asked += 1;
  });
  const askedAtBatch: number[] = [];
  for await (const batch of journal.readLog('a', 0, 1)) {
    expect(batch[0]?.data).toHaveLength(3_000_000);
    askedAtBatch.push(asked);
  }
  // The head, then pages of two slices each; the next page may be under way.
  askedAtBatch.forEach((asks, i) =>
    expect(asks).toBeLessThanOrEqual(1 + Math.ceil((i + 1) / 2) + 1),
  );
  expect(asked).toBe(7);
});
