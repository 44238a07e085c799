import { describe, expect, test } from 'vitest';
import type { Appended, Expected, Journal, NewEvent } from '#journal';
import { JournalError } from '#journal';
import type { Contract, Outage } from './journal.ts';
import { anEvent, aSlice, ids, readAll } from './journal-events.ts';

export function outageContract({ subject, freshLog }: Contract): void {
  /** Runs with the way to the store broken at will, and whole again afterwards. */
  async function withOutage(
    context: { skip(note: string): void },
    work: (outage: Outage) => Promise<void>,
  ): Promise<void> {
    const { outage } = subject();
    if (outage === undefined) {
      context.skip('the way to this store cannot be broken');
      return;
    }
    try {
      await work(outage);
    } finally {
      outage.up();
    }
  }

  /** As every writer does: unknown and unavailable mean the same events again, at the same place. */
  async function insist(
    journal: Journal,
    log: string,
    events: readonly NewEvent[],
    expected: Expected,
  ): Promise<Appended> {
    for (;;) {
      try {
        return await journal.append(log, events, expected);
      } catch (error) {
        if (!(error instanceof JournalError) || !['unknown', 'unavailable'].includes(error.code))
          throw error;
        await pause();
      }
    }
  }

  describe('outage', () => {
    for (const lost of ['request', 'answer'] as const) {
      test(`a lost ${lost} leaves one copy of the slice`, (context) =>
        withOutage(context, async (outage) => {
          const { journal } = subject();
          const log = freshLog();
          await journal.append(log, aSlice(2), 0);
          const slice = aSlice(5, 3);
          outage.lose(lost);
          expect(await insist(journal, log, slice, 2)).toEqual({ first: 3, last: 7 });
          expect(await insist(journal, log, slice, 2)).toEqual({ first: 3, last: 7 });
          expect(ids(await readAll(journal, log)).slice(2)).toEqual(ids(slice));
          expect(await journal.head(log)).toEqual({ position: 7, resume: 7 });
        }));

      test(`a lost ${lost} leaves one copy of a fence`, (context) =>
        withOutage(context, async (outage) => {
          const { journal } = subject();
          const log = freshLog();
          await journal.append(log, aSlice(2), 0);
          const fence = anEvent({ type: 'fence.raised' });
          outage.lose(lost);
          expect(await insist(journal, log, [fence], 'any')).toEqual({ first: 3, last: 3 });
          expect(await readAll(journal, log)).toHaveLength(3);
        }));

      test(`a lost ${lost} in the first append of a log leaves one copy`, (context) =>
        withOutage(context, async (outage) => {
          const { journal } = subject();
          const log = freshLog();
          const slice = aSlice(3);
          outage.lose(lost);
          expect(await insist(journal, log, slice, 0)).toEqual({ first: 1, last: 3 });
          expect(ids(await readAll(journal, log))).toEqual(ids(slice));
        }));
    }

    test('an answer lost for good is unknown; after the outage the retry finds the slice', (context) =>
      withOutage(context, async (outage) => {
        const { journal, another } = subject();
        const other = await another();
        const log = freshLog();
        await journal.append(log, aSlice(2), 0);
        const slice = aSlice(4, 3);
        outage.lose('answer', 'down');
        await expect(journal.append(log, slice, 2)).rejects.toMatchObject({ code: 'unknown' });
        // A fence comes before the writer is back.
        expect(await other.append(log, [anEvent()], 'any')).toEqual({ first: 7, last: 7 });
        outage.up();
        expect(await insist(journal, log, slice, 2)).toEqual({ first: 3, last: 6 });
        expect(await journal.head(log)).toEqual({ position: 7, resume: 6 });
      }));

    test('a request lost for good is unknown; a fence in between moves the writer on', (context) =>
      withOutage(context, async (outage) => {
        const { journal, another } = subject();
        const other = await another();
        const log = freshLog();
        await journal.append(log, aSlice(2), 0);
        const slice = aSlice(4, 3);
        outage.lose('request', 'down');
        await expect(journal.append(log, slice, 2)).rejects.toMatchObject({ code: 'unknown' });
        await other.append(log, [anEvent()], 'any');
        outage.up();
        await expect(insist(journal, log, slice, 2)).rejects.toMatchObject({
          code: 'conflict',
          actual: 3,
        });
        expect(await journal.head(log)).toEqual({ position: 3, resume: 2 });
        expect(await insist(journal, log, slice, 3)).toEqual({ first: 4, last: 7 });
        expect(ids(await readAll(journal, log)).slice(3)).toEqual(ids(slice));
      }));

    test('a store that is away is unavailable and nothing is written', (context) =>
      withOutage(context, async (outage) => {
        const { journal, another } = subject();
        const other = await another();
        const log = freshLog();
        outage.down();
        await expect(journal.head(log)).rejects.toMatchObject({ code: 'unavailable' });
        await expect(readAll(journal, log)).rejects.toMatchObject({ code: 'unavailable' });
        await expect(journal.readAt(log, [1])).rejects.toMatchObject({ code: 'unavailable' });
        await expect(journal.append(log, aSlice(2), 0)).rejects.toMatchObject({
          code: 'unavailable',
        });
        expect(await other.head(log)).toBeUndefined();
        outage.up();
        await insist(journal, log, aSlice(2), 0);
      }));

    test('a read that breaks goes on from its last position', (context) =>
      withOutage(context, async (outage) => {
        const { journal } = subject();
        const log = freshLog();
        // More than a page of any adapter, so that the break comes in mid-read.
        const slice = Array.from({ length: 30 }, (_, i) =>
          anEvent({ data: Buffer.alloc(20_000, i), resume: i }),
        );
        for (let i = 0; i < 40; i += 1) {
          await journal.append(
            log,
            slice.map((one) => anEvent({ ...one, id: anEvent().id })),
            30 * i,
          );
        }
        const seen: number[] = [];
        const read = async () => {
          for await (const batch of journal.readLog(log, seen.at(-1) ?? 0, 50)) {
            seen.push(...batch.map((one) => one.position));
            if (seen.length === 50) outage.down();
          }
        };
        await expect(read()).rejects.toMatchObject({ code: 'unavailable' });
        outage.up();
        await until(async () => {
          await read();
          return true;
        });
        expect(seen).toEqual(Array.from({ length: 1200 }, (_, i) => i + 1));
      }));
  });
}

/** Until the store is back, 30 s at most. */
async function until(done: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    try {
      if (await done()) return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
}
