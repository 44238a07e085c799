import { expect, test } from 'vitest';
import { randomBytes } from 'node:crypto';
import { listLogs, openLog } from '#journal';
import { createPostgresJournal, migrateJournal } from '#journal/postgres';
import { freshDatabase } from '#test/support/postgres.ts';

test('what was appended is read back', async () => {
  await using db = await freshDatabase();
  await migrateJournal(db.pool);
  const journal = await createPostgresJournal({ pool: db.pool });
  await openLog(journal, 'a');
  await openLog(journal, 'b');
  expect((await listLogs(journal)).map((x) => x.log)).toEqual(['a', 'b']);
  const events = Array.from({ length: 2500 }, (_, i) => ({
    id: randomBytes(16), type: `t${i % 5}`, data: randomBytes(i % 400), meta: randomBytes(i % 90), ...(i % 3 === 0 ? { resume: 2 ** 40 + i } : {}),
  }));
  expect(await journal.append('a', events, 0)).toEqual({ first: 1, last: 2500 });
  expect(await journal.append('a', events, 0)).toEqual({ first: 1, last: 2500 });
  expect(await journal.head('a')).toEqual({ position: 2500, resume: 2 ** 40 + 2499 });
  let n = 0;
  for await (const batch of journal.readLog('a', 10, 700)) for (const e of batch) {
    const want = events[10 + n];
    n += 1;
    expect(e.position).toBe(10 + n);
    expect(e.type).toBe(want?.type);
    expect(Buffer.compare(e.data, want?.data ?? Buffer.alloc(0))).toBe(0);
    expect(e.resume).toBe(want?.resume);
  }
  expect(n).toBe(2490);
  const at = await journal.readAt('a', [2500, 3, 1, 9999]);
  expect(at.map((e) => e.position)).toEqual([1, 3, 2500]);
  expect(Buffer.compare(at[2]?.meta ?? Buffer.alloc(0), events[2499]?.meta ?? Buffer.alloc(1))).toBe(0);
  await expect(journal.append('a', events, 7)).rejects.toMatchObject({ code: 'conflict', actual: 2500 });
});
