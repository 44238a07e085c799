import { describe, expect, test } from 'vitest';
import type { RecordedEvent } from '#journal';
import { createDecisionLog, DECISIONS, listLogs, LOG_OPENED, openLog } from '#journal';
import type { Contract } from './journal.ts';
import { anEvent, ids, readAll } from './journal-events.ts';

export function decisionsContract({ subject, freshLog }: Contract): void {
  describe('decision log', () => {
    test('a log is opened once, whoever opens it how often', async () => {
      const { journal, another } = subject();
      const log = freshLog();
      const other = await another();
      const opened = await Promise.all(
        [journal, other, journal, other].map((each) => openLog(each, log)),
      );
      expect(new Set(opened.map(({ openedAt }) => openedAt)).size).toBe(1);
      expect(await openLog(await another(), log)).toEqual(opened[0]);
      const events = await readAll(journal, DECISIONS);
      const mine = events.filter(
        (event) => Buffer.from(event.data).toString() === JSON.stringify({ log }),
      );
      expect(mine.map((event) => event.type)).toEqual([LOG_OPENED]);
      expect(mine[0]?.position).toBe(opened[0]?.openedAt);
    });

    test('logs are listed oldest first, those another process opened too', async () => {
      const { journal, another } = subject();
      const logs = [freshLog(), freshLog(), freshLog()];
      const other = await another();
      await listLogs(journal);
      for (const [i, log] of logs.entries()) await openLog(i % 2 === 0 ? journal : other, log);
      const listed = (await listLogs(journal)).map(({ log }) => log);
      expect(listed.slice(-3)).toEqual(logs);
    });

    test('many logs opened at once are all there', async () => {
      const { journal } = subject();
      const logs = Array.from({ length: 12 }, freshLog);
      await Promise.all(logs.map((log) => openLog(journal, log)));
      const listed = new Set((await listLogs(journal)).map(({ log }) => log));
      expect(logs.every((log) => listed.has(log))).toBe(true);
    });

    test('every decision is applied once, in order, own ones before append resolves', async () => {
      const { journal, another } = subject();
      const seen: RecordedEvent[][] = [[], []];
      const [one, two] = [journal, await another()].map((each, i) =>
        createDecisionLog(each, (event) => seen[i]?.push(event)),
      );
      if (one === undefined || two === undefined) throw new Error('two logs were made');
      const written = await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          const events = [
            anEvent({ type: 'access.recorded' }),
            anEvent({ type: 'access.recorded' }),
          ];
          const decisions = i % 2 === 0 ? one : two;
          const { first, last } = await decisions.append(events);
          expect(last - first).toBe(1);
          const applied = seen[i % 2]?.slice(first - 1, last) ?? [];
          expect(ids(applied)).toEqual(ids(events));
          return events;
        }),
      );
      await one.catchUp();
      await two.catchUp();
      expect(seen[0]?.map((event) => event.position)).toEqual(seen[0]?.map((_, i) => i + 1));
      expect(ids(seen[1] ?? [])).toEqual(ids(seen[0] ?? []));
      const all = ids(seen[0] ?? []);
      for (const id of ids(written.flat()))
        expect(all.filter((each) => each === id)).toHaveLength(1);
    });

    test('compare-and-set: of several that would be the first, one is', async () => {
      const { journal, another } = subject();
      const type = `turn.began.${freshLog().slice(2, 10)}`;
      const journals = [journal, await another(), await another()];
      const outcomes = await Promise.all(
        journals.map((each) => {
          let taken = false;
          const decisions = createDecisionLog(each, (event) => {
            taken ||= event.type === type;
          });
          return decisions.appendIf(() => (taken ? [] : [anEvent({ type })]));
        }),
      );
      expect(outcomes.filter((outcome) => outcome !== undefined)).toHaveLength(1);
      const events = await readAll(journal, DECISIONS);
      expect(events.filter((event) => event.type === type)).toHaveLength(1);
    });

    test('a decision that throws is not appended and stops nobody else', async () => {
      const { journal } = subject();
      const decisions = createDecisionLog(journal);
      const before = await decisions.catchUp();
      const refused = decisions.appendIf(() => {
        throw new Error('not now');
      });
      const after = decisions.append([anEvent()]);
      await expect(refused).rejects.toThrow('not now');
      expect((await after).first).toBeGreaterThan(before);
    });

    test('a reader may begin behind what it already applied', async () => {
      const { journal } = subject();
      const end = await createDecisionLog(journal).catchUp();
      const seen: RecordedEvent[] = [];
      const decisions = createDecisionLog(journal, (event) => seen.push(event), { from: end });
      const event = anEvent();
      await decisions.append([event]);
      expect(ids(seen)).toEqual(ids([event]));
    });
  });
}
