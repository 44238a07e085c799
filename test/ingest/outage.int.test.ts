import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Journal } from '#journal';
import { JournalError } from '#journal';
import { startKafka } from '#test/support/kafka.ts';
import { sharedKafka } from '#test/support/shared-kafka.ts';
import { produce, readTopic, untilStored } from './support/kafka.ts';
import { testLedger } from './support/ledger.ts';
import { initiated, json } from './support/samples.ts';

const shared = await sharedKafka();
const APPEND = 'journal_append';

function numbered(count: number, from = 0) {
  return Array.from({ length: count }, (_, index) => ({
    value: json(initiated({ eventId: `e${from + index}`, communicationId: `c${from + index}` })),
  }));
}

const places = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('an outage of the store', () => {
  test.each(['before', 'after'] as const)(
    'that loses an append %s it was made: the events are there once',
    async (when) => {
      await using ledger = await testLedger({ isBreakable: true });
      const intake = await ledger.ingest.openIntake('api-1');
      const store = async (n: number) => {
        const records = [{ body: json(initiated({ eventId: `e${n}` })), nativeId: () => `n${n}` }];
        const { mark } = await intake.hand({ source: 'edge-1' }, 'tollbook', records);
        await intake.durable(mark);
      };
      await store(0);
      ledger.proxy?.cutNext(when, APPEND);
      await store(1);
      await store(2);
      const offsets = (await ledger.events('i/api-1')).map(
        ({ envelope }) => envelope.coordinate.offset,
      );
      expect(offsets).toEqual([0, 1, 2]);
      await intake.close();
    },
  );

  test('asks callers to come back, and what was taken becomes durable when it is over', async () => {
    await using ledger = await testLedger({ isBreakable: true });
    const intake = await ledger.ingest.openIntake('api-1');
    ledger.proxy?.down();
    const { mark } = await intake.hand({ source: 'edge-1' }, 'tollbook', [
      { body: json(initiated()), nativeId: () => 'n' },
    ]);
    let isDurable = false;
    const durable = intake.durable(mark).then(() => {
      isDurable = true;
    });
    const deadline = Date.now() + 20_000;
    for (;;) {
      try {
        intake.admit();
      } catch (error) {
        expect(error).toMatchObject({ code: 'store_away' });
        break;
      }
      if (Date.now() > deadline) throw new Error('it was never told that the store is away');
      await sleep(100);
    }
    expect(isDurable).toBe(false);
    expect(ledger.logged.join('')).toContain('the event store is away, waiting');
    ledger.proxy?.up();
    await durable;
    intake.admit();
    expect(await ledger.events('i/api-1')).toHaveLength(1);
    await intake.close();
  });

  test('asks callers to come back when more waits than can be stored at once', async () => {
    await using ledger = await testLedger({ isBreakable: true });
    const intake = await ledger.ingest.openIntake('api-1');
    ledger.proxy?.down();
    const records = Array.from({ length: 20_001 }, (_, n) => ({
      body: json(initiated({ eventId: `e${n}` })),
      nativeId: () => `n${n}`,
    }));
    await intake.hand({ source: 'edge-1' }, 'tollbook', records);
    expect(() => intake.admit()).toThrow(expect.objectContaining({ code: 'overloaded' }));
    ledger.proxy?.up();
    await intake.close();
  });

  test('with no room left halts with a sentence, and nothing is lost', async () => {
    let isFull = false;
    const limited = (journal: Journal): Journal => ({
      maxAtomicBytes: journal.maxAtomicBytes,
      readLog: (log, after, limit) => journal.readLog(log, after, limit),
      readAt: (log, positions) => journal.readAt(log, positions),
      head: (log) => journal.head(log),
      [Symbol.asyncDispose]: async () => undefined,
      async append(log, events, expected) {
        if (isFull) throw new JournalError('full', 'no room');
        return await journal.append(log, events, expected);
      },
    });
    await using ledger = await testLedger({
      change: ({ journal }) => ({ journal: limited(journal) }),
    });
    const intake = await ledger.ingest.openIntake('api-1');
    isFull = true;
    const { mark } = await intake.hand({ source: 'edge-1' }, 'tollbook', [
      { body: json(initiated()), nativeId: () => 'n' },
    ]);
    await expect(intake.durable(mark)).rejects.toMatchObject({ code: 'store_full' });
    await expect(intake.done).rejects.toMatchObject({ code: 'store_full' });
    expect(() => intake.admit()).toThrow(expect.objectContaining({ code: 'stopped' }));
    await intake.close();
  });
});

describe.skipIf(shared === undefined)('Kafka intake through outages', () => {
  test('pauses while the store is away, stays in its group, and goes on', async () => {
    if (shared === undefined) throw new Error('no broker');
    await using ledger = await testLedger({ isBreakable: true });
    const topic = await shared.createTopic({ partitions: 1 });
    await produce(shared, topic, numbered(500));
    const intake = readTopic(ledger.ingest, shared, topic, { sessionTimeoutMs: 6_000 });
    await untilStored(ledger, topic, 500, { intake });
    ledger.proxy?.down();
    await produce(shared, topic, numbered(2_500, 500));
    await sleep(8_000);
    expect(ledger.logged.join('')).toContain('the event store is away, waiting');
    ledger.proxy?.up();
    const events = await untilStored(ledger, topic, 3_000, { intake });
    expect(events.map(({ envelope }) => envelope.coordinate.offset)).toEqual(places(3_000));
    await intake.close();
  }, 60_000);

  test('an append whose answer was lost is not made again', async () => {
    if (shared === undefined) throw new Error('no broker');
    await using ledger = await testLedger({ isBreakable: true });
    const topic = await shared.createTopic({ partitions: 1 });
    await produce(shared, topic, numbered(10));
    const intake = readTopic(ledger.ingest, shared, topic);
    await untilStored(ledger, topic, 10, { intake });
    for (const [round, when] of (['after', 'before'] as const).entries()) {
      ledger.proxy?.cutNext(when, APPEND);
      const from = 10 + round * 2_500;
      await produce(shared, topic, numbered(2_500, from));
      await untilStored(ledger, topic, from + 2_500, { intake });
    }
    const events = await ledger.events(`t/${topic}/1/0`);
    expect(events.map(({ envelope }) => envelope.coordinate.offset)).toEqual(places(5_010));
    await intake.close();
  }, 60_000);

  test('a killed broker is waited for', async () => {
    await using kafka = await startKafka();
    await using ledger = await testLedger();
    const topic = await kafka.createTopic({ partitions: 1 });
    await produce(kafka, topic, numbered(50));
    const intake = readTopic(ledger.ingest, kafka, topic);
    await untilStored(ledger, topic, 50, { intake });
    await kafka.kill();
    await sleep(3_000);
    await kafka.restart();
    await produce(kafka, topic, numbered(50, 50));
    const events = await untilStored(ledger, topic, 100, { intake });
    expect(events.map(({ envelope }) => envelope.coordinate.offset)).toEqual(places(100));
    await intake.close();
  }, 90_000);
});
