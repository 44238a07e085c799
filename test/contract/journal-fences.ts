import { describe, expect, test } from 'vitest';
import type { Journal, NewEvent } from '#journal';
import type { Contract } from './journal.ts';
import { anEvent, aSlice, ids, readAll } from './journal-events.ts';

const fence = () => anEvent({ type: 'fence.raised' });

export function fencesContract({ subject, freshLog }: Contract): void {
  describe('fences', () => {
    test('go in wherever the log ends, also into an empty one', async () => {
      const { journal } = subject();
      const log = freshLog();
      expect(await journal.append(log, [fence()], 'any')).toEqual({ first: 1, last: 1 });
      await journal.append(log, aSlice(3), 1);
      expect(await journal.append(log, [fence()], 'any')).toEqual({ first: 5, last: 5 });
    });

    test('leave resume as it was', async () => {
      const { journal, another } = subject();
      const other = await another();
      const log = freshLog();
      await journal.append(log, aSlice(3, 100), 0);
      for (let i = 0; i < 20; i += 1) await other.append(log, [fence()], 'any');
      expect(await journal.head(log)).toEqual({ position: 23, resume: 102 });
      expect(await (await another()).head(log)).toEqual({ position: 23, resume: 102 });
      await journal.append(log, [anEvent()], 23);
      expect(await (await another()).head(log)).toEqual({ position: 24, resume: 102 });
    });

    test('in a log that never had a resume leave it without', async () => {
      const { journal, another } = subject();
      const log = freshLog();
      await journal.append(log, [fence()], 'any');
      await journal.append(log, [anEvent()], 1);
      await journal.append(log, [fence()], 'any');
      expect(await (await another()).head(log)).toEqual({ position: 3 });
    });

    test('raised again are answered with their first place', async () => {
      const { journal } = subject();
      const log = freshLog();
      const one = fence();
      await journal.append(log, aSlice(2), 0);
      expect(await journal.append(log, [one], 'any')).toEqual({ first: 3, last: 3 });
      await journal.append(log, aSlice(2), 3);
      expect(await journal.append(log, [one], 'any')).toEqual({ first: 3, last: 3 });
      expect(await journal.head(log)).toMatchObject({ position: 5 });
    });

    test('raised again at the same moment go in once', async () => {
      const { journal, another } = subject();
      const log = freshLog();
      const one = fence();
      const other = await another();
      const places = await Promise.all(
        [journal, other, journal, other].map((each) => each.append(log, [one], 'any')),
      );
      expect(new Set(places.map(({ first }) => first)).size).toBe(1);
      expect(await readAll(journal, log)).toHaveLength(1);
    });

    test('the same one goes into many logs', async () => {
      const { journal } = subject();
      const one = fence();
      const logs = [freshLog(), freshLog(), freshLog()];
      for (const log of logs)
        expect(await journal.append(log, [one], 'any')).toEqual({ first: 1, last: 1 });
    });

    test('come through a busy writer, who loses and doubles nothing', async () => {
      const { journal, another } = subject();
      const log = freshLog();
      const slices = Array.from({ length: 40 }, (_, i) => aSlice(5, 5 * i + 1));
      const fences = Array.from({ length: 15 }, fence);
      const other = await another();
      await Promise.all([
        writeAll(journal, log, slices),
        (async () => {
          for (const one of fences) await other.append(log, [one], 'any');
        })(),
      ]);
      const events = await readAll(journal, log);
      const written = events.filter((event) => event.type !== 'fence.raised');
      expect(ids(written)).toEqual(ids(slices.flat()));
      expect(ids(events.filter((event) => event.type === 'fence.raised'))).toEqual(ids(fences));
      expect(await journal.head(log)).toEqual({ position: 215, resume: 200 });
    });

    test('that came between make the same slice a conflict until its writer re-reads the head', async () => {
      const { journal, another } = subject();
      const log = freshLog();
      await journal.append(log, aSlice(2, 10), 0);
      await (await another()).append(log, [fence()], 'any');
      const slice = aSlice(2, 12);
      await expect(journal.append(log, slice, 2)).rejects.toMatchObject({
        code: 'conflict',
        actual: 3,
      });
      expect(await journal.head(log)).toEqual({ position: 3, resume: 11 });
      expect(await journal.append(log, slice, 3)).toEqual({ first: 4, last: 5 });
    });
  });
}

/** As ingest does: on a conflict re-read the head and go on if nobody took the records over. */
async function writeAll(
  journal: Journal,
  log: string,
  slices: readonly (readonly NewEvent[])[],
): Promise<void> {
  let position = 0;
  for (const slice of slices) {
    for (;;) {
      try {
        position = (await journal.append(log, slice, position)).last;
        break;
      } catch (error) {
        expect(error).toMatchObject({ code: 'conflict' });
        position = (await journal.head(log))?.position ?? 0;
      }
    }
  }
}
