import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Contract } from './journal.ts';
import { anEvent, aSlice, content, ids, readAll } from './journal-events.ts';

export function appendContract({ subject, freshLog }: Contract): void {
  describe('append', () => {
    test('counts positions from 1 without gaps', async () => {
      const { journal } = subject();
      const log = freshLog();
      expect(await journal.append(log, aSlice(3), 0)).toEqual({ first: 1, last: 3 });
      expect(await journal.append(log, aSlice(2), 3)).toEqual({ first: 4, last: 5 });
      const events = await readAll(journal, log);
      expect(events.map((event) => event.position)).toEqual([1, 2, 3, 4, 5]);
    });

    test('keeps logs apart', async () => {
      const { journal } = subject();
      const [one, two] = [freshLog(), freshLog()];
      const [a, b] = [aSlice(2), aSlice(3)];
      await journal.append(one, a, 0);
      await journal.append(two, b, 0);
      expect(ids(await readAll(journal, one))).toEqual(ids(a));
      expect(ids(await readAll(journal, two))).toEqual(ids(b));
    });

    test.each([
      ['behind the end', 1],
      ['ahead of the end', 7],
    ])(
      'refuses a writer that believes the log ends %s and says where it does',
      async (_, expected) => {
        const { journal } = subject();
        const log = freshLog();
        const slice = aSlice(3);
        await journal.append(log, slice, 0);
        await expect(journal.append(log, aSlice(2), expected)).rejects.toMatchObject({
          name: 'JournalError',
          code: 'conflict',
          actual: 3,
        });
        expect(ids(await readAll(journal, log))).toEqual(ids(slice));
      },
    );

    test('refuses a writer that expects something of an empty log', async () => {
      const { journal } = subject();
      await expect(journal.append(freshLog(), aSlice(1), 4)).rejects.toMatchObject({
        code: 'conflict',
        actual: 0,
      });
    });

    test('answers the same slice at the same place as the first time', async () => {
      const { journal } = subject();
      const log = freshLog();
      const slice = aSlice(4);
      await journal.append(log, aSlice(2), 0);
      expect(await journal.append(log, slice, 2)).toEqual({ first: 3, last: 6 });
      expect(await journal.append(log, slice, 2)).toEqual({ first: 3, last: 6 });
      await journal.append(log, aSlice(1), 6);
      expect(await journal.append(log, slice, 2)).toEqual({ first: 3, last: 6 });
      expect(await journal.head(log)).toMatchObject({ position: 7 });
    });

    test('recognises a retry by its ids though the bytes were sealed anew', async () => {
      const { journal } = subject();
      const log = freshLog();
      const slice = aSlice(3);
      const again = slice.map((event) => ({ ...event, data: randomBytes(24) }));
      await journal.append(log, slice, 0);
      expect(await journal.append(log, again, 0)).toEqual({ first: 1, last: 3 });
      expect((await readAll(journal, log)).map(content)).toEqual(slice.map(content));
    });

    test('recognises a retry made by another process', async () => {
      const { journal, another } = subject();
      const other = await another();
      const log = freshLog();
      const slice = aSlice(3);
      await journal.append(log, slice, 0);
      expect(await other.append(log, slice, 0)).toEqual({ first: 1, last: 3 });
    });

    test('finishes a slice of which the log holds the beginning', async () => {
      const { journal } = subject();
      const log = freshLog();
      const slice = aSlice(5);
      await journal.append(log, slice.slice(0, 2), 0);
      expect(await journal.append(log, slice, 0)).toEqual({ first: 1, last: 5 });
      expect(ids(await readAll(journal, log))).toEqual(ids(slice));
    });

    test('takes a slice that begins alike and goes on differently for another writer', async () => {
      const { journal } = subject();
      const log = freshLog();
      const slice = aSlice(3);
      await journal.append(log, slice, 0);
      await expect(journal.append(log, [...slice.slice(0, 2), anEvent()], 0)).rejects.toMatchObject(
        {
          code: 'conflict',
          actual: 3,
        },
      );
      expect(ids(await readAll(journal, log))).toEqual(ids(slice));
    });

    test('keeps an event id that comes again at another place', async () => {
      const { journal } = subject();
      const log = freshLog();
      const event = anEvent({ resume: 1 });
      await journal.append(log, [event], 0);
      await journal.append(log, [anEvent({ resume: 2 }), { ...event, resume: 3 }], 1);
      const [first, , third] = ids(await readAll(journal, log));
      expect(third).toBe(first);
    });

    test('writes nothing for an empty slice and checks its place', async () => {
      const { journal } = subject();
      const log = freshLog();
      expect(await journal.append(log, [], 0)).toEqual({ first: 1, last: 0 });
      expect(await journal.head(log)).toBeUndefined();
      await journal.append(log, aSlice(2), 0);
      expect(await journal.append(log, [], 2)).toEqual({ first: 3, last: 2 });
      await expect(journal.append(log, [], 1)).rejects.toMatchObject({
        code: 'conflict',
        actual: 2,
      });
    });

    test('lets exactly one of several writers have each place', async () => {
      const { journal, another } = subject();
      const log = freshLog();
      const writers = [journal, await another(), await another()];
      const written = await Promise.all(
        writers.map(async (writer, w) => {
          const mine: string[][] = [];
          while (mine.length < 5) {
            const slice = aSlice(3).map((event) => ({ ...event, type: `writer.${w}` }));
            try {
              await writer.append(log, slice, (await writer.head(log))?.position ?? 0);
              mine.push(ids(slice));
            } catch (error) {
              expect(error).toMatchObject({ code: 'conflict' });
            }
          }
          return mine;
        }),
      );
      const found = ids(await readAll(journal, log));
      expect(found).toHaveLength(45);
      const slices = Array.from({ length: 15 }, (_, i) => found.slice(3 * i, 3 * i + 3).join());
      expect(slices.sort()).toEqual(written.flat().map(String).sort());
    });

    test('splits what is too large for one piece behind whole source records', async () => {
      const { journal } = subject();
      const log = freshLog();
      const large = Math.floor(journal.maxAtomicBytes / 5);
      const slice = Array.from({ length: 12 }, (_, i) =>
        anEvent({ data: randomBytes(large), ...(i % 2 === 1 ? { resume: i } : {}) }),
      );
      expect(await journal.append(log, slice, 0)).toEqual({ first: 1, last: 12 });
      expect(await journal.append(log, slice, 0)).toEqual({ first: 1, last: 12 });
      expect((await readAll(journal, log)).map(content)).toEqual(slice.map(content));
      expect(await journal.head(log)).toEqual({ position: 12, resume: 11 });
    });

    test('refuses a record that is too large by itself and writes nothing', async () => {
      const { journal } = subject();
      const log = freshLog();
      const large = Math.ceil(journal.maxAtomicBytes / 2);
      const slice = [
        anEvent({ resume: 1 }),
        anEvent({ data: randomBytes(large) }),
        anEvent({ data: randomBytes(large) }),
      ];
      await expect(journal.append(log, slice, 0)).rejects.toMatchObject({ code: 'too_large' });
      await expect(journal.append(log, slice, 'any')).rejects.toMatchObject({ code: 'too_large' });
      expect(await journal.head(log)).toBeUndefined();
    });

    test.each([
      ['an id that is not 16 bytes', () => anEvent({ id: randomBytes(15) })],
      ['an event without a type', () => anEvent({ type: '' })],
      ['a type of over 100 characters', () => anEvent({ type: 'x'.repeat(101) })],
      ['a resume that is no integer', () => anEvent({ resume: 1.5 })],
      ['a negative resume', () => anEvent({ resume: -1 })],
    ])('refuses %s', async (_, event) => {
      const { journal } = subject();
      await expect(journal.append(freshLog(), [event()], 0)).rejects.toMatchObject({
        code: 'invalid',
      });
    });

    test.each(['', '$system', 'a b', 'x'.repeat(256)])('refuses the log name %j', async (log) => {
      const { journal } = subject();
      await expect(journal.append(log, aSlice(1), 0)).rejects.toMatchObject({ code: 'invalid' });
      await expect(journal.head(log)).rejects.toMatchObject({ code: 'invalid' });
    });
  });
}
