import { readFile } from 'node:fs/promises';
import avro from 'avsc';
import kafkajs from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { createRegistryClient, fingerprintHeader, loadSchemas } from '#events';
import { createLogger } from '#platform';
import type { KafkaHandle } from '#test/support/kafka.ts';
import { startRegistry } from '#test/support/registry.ts';
import { sharedKafka } from '#test/support/shared-kafka.ts';
import { NOON_US } from '#test/support/vault.ts';
import { produce, readTopic, untilStored } from './support/kafka.ts';
import { schemaFingerprint } from '../../services/events/fingerprint.ts';
import { testLedger } from './support/ledger.ts';
import { initiated, json } from './support/samples.ts';

const shared = await sharedKafka();
const { CompressionTypes } = kafkajs;

function broker(): KafkaHandle {
  if (shared === undefined) throw new Error('no broker');
  return shared;
}

function numbered(count: number, from = 0) {
  return Array.from({ length: count }, (_, index) => ({
    value: json(initiated({ eventId: `e${from + index}`, communicationId: `c${from + index}` })),
    partition: 0,
  }));
}

/** A call's first event as a switch encodes it, with the schema of `schemas/`. */
async function avroCall(): Promise<{ schema: object; body: Buffer }> {
  const schema: { fields: { name: string }[] } = JSON.parse(
    await readFile('schemas/call.initiated.avsc', 'utf8'),
  );
  const absent = Object.fromEntries(schema.fields.map(({ name }) => [name, null]));
  const body = avro.Type.forSchema(JSON.parse(JSON.stringify(schema))).toBuffer({
    ...absent,
    eventId: 'e1',
    communicationId: 'c1',
    occurredAt: NOON_US,
    accountId: 'acme',
    callerNumber: '+447700900123',
  });
  return { schema, body };
}

describe.skipIf(shared === undefined)('Kafka intake', () => {
  test('journals every offset of every partition once, whatever the compression', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 3 });
    const codecs = [
      CompressionTypes.None,
      CompressionTypes.GZIP,
      CompressionTypes.Snappy,
      CompressionTypes.LZ4,
      CompressionTypes.ZSTD,
    ];
    for (const [round, codec] of codecs.entries()) {
      const messages = numbered(90, round * 90).map((message, index) => ({
        ...message,
        partition: index % 3,
      }));
      await produce(broker(), topic, messages, codec);
    }
    const intake = readTopic(ledger.ingest, broker(), topic);
    const events = await untilStored(ledger, topic, 450, { partitions: 3, intake });
    await intake.close();
    expect(events).toHaveLength(450);
    for (let partition = 0; partition < 3; partition += 1) {
      const offsets = events
        .filter(({ log }) => log === `t/${topic}/1/${partition}`)
        .map(({ envelope }) => envelope.coordinate.offset);
      expect(offsets).toEqual(Array.from({ length: 150 }, (_, index) => index));
    }
  });

  test('reads plain Avro by its fingerprint header, and files a null value and poison in quarantine', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    const { body, schema } = await avroCall();
    const schemas = await loadSchemas();
    const header = schemaFingerprint(schema);
    expect(schemas.readerByFingerprint(header)).toBeDefined();
    await produce(broker(), topic, [
      { value: body, headers: { [fingerprintHeader]: header } },
      { value: null },
      { value: Buffer.from('{"type":') },
      { value: Buffer.from([0, 0, 0, 0, 9, 1, 2, 3]) },
      { value: json(initiated({ occurredAt: NOON_US - 40 * 86_400_000_000 })) },
      { value: json(initiated({ occurredAt: NOON_US + 2 * 86_400_000_000 })) },
      { value: json(initiated({ type: 'usage.recorded' })) },
      { value: json(initiated({ route: 'gw +44 7700 900123' })) },
      { value: Buffer.alloc(300 * 1024, 'x') },
    ]);
    const intake = readTopic(ledger.ingest, broker(), topic);
    const events = await untilStored(ledger, topic, 9, { intake });
    await intake.close();
    expect(events.map(({ type, facts }) => facts['reason'] ?? type)).toEqual([
      'call.initiated',
      'null_value',
      'undecodable',
      'undecodable',
      'too_old',
      'in_future',
      expect.stringMatching(/invalid_event|ledger_type/),
      'number_in_fact',
      'oversized',
    ]);
    expect(events.map(({ envelope }) => envelope.coordinate.offset)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    expect((await ledger.dump()).includes('7700 900123')).toBe(false);
  });

  test('replays plain Avro once its schema is known, by the header it came with', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    const { body, schema } = await avroCall();
    const header = schemaFingerprint(schema);
    await produce(broker(), topic, [{ value: body, headers: { [fingerprintHeader]: header } }]);
    const unknowing = { ...ledger.schemas, readerByFingerprint: () => undefined };
    const early = await ledger.another({ schemas: unknowing });
    const intake = readTopic(early, broker(), topic);
    const [refused] = await untilStored(ledger, topic, 1, { intake });
    await intake.close();
    expect(refused?.facts['reason']).toBe('unknown_schema');
    const http = await ledger.ingest.openIntake('api-1');
    const access = { actor: 'test', role: 'operator', purpose: 'fault_finding' };
    const replayed = await ledger.ingest.replayQuarantined(
      { intake: http, reader: ledger.vault.reader },
      { access, log: `t/${topic}/1/0`, position: 1, attempt: 1 },
    );
    expect(replayed).toMatchObject({ outcome: 'accepted', events: 1 });
    await http.close();
  });

  test('reads registry wire format, waits while the registry is away, and goes on', async () => {
    await using registry = await startRegistry();
    const { schema, body } = await avroCall();
    const id = registry.register('calls-value', schema);
    registry.setState('cut');
    const logger = createLogger({ level: 'silent', name: 'test' });
    await using ledger = await testLedger({
      registry: createRegistryClient({ url: registry.url, logger }),
    });
    const topic = await broker().createTopic({ partitions: 1 });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(id, 1);
    await produce(broker(), topic, [{ value: Buffer.concat([head, body]) }]);
    const intake = readTopic(ledger.ingest, broker(), topic);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await ledger.events(`t/${topic}/1/0`)).toHaveLength(0);
    registry.setState('up');
    const [event] = await untilStored(ledger, topic, 1, { intake });
    expect(event?.facts).toMatchObject({ originCountry: 'GB', source: topic });
    await intake.close();
  });

  test('resumes from the head of its log, not from the group’s offset', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    await produce(broker(), topic, numbered(100));
    const first = readTopic(ledger.ingest, broker(), topic);
    await untilStored(ledger, topic, 100, { intake: first });
    await first.close();
    await produce(broker(), topic, numbered(50, 100));

    // Another group has no offset at all, and would read everything again.
    const second = readTopic(ledger.ingest, broker(), topic);
    const events = await untilStored(ledger, topic, 150, { intake: second });
    await second.close();
    expect(events.map(({ envelope }) => envelope.coordinate.offset)).toEqual(
      Array.from({ length: 150 }, (_, i) => i),
    );
  });

  test('does not believe a group offset beyond what the journal holds', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    await produce(broker(), topic, numbered(40));
    const groupId = `ahead-${topic}`;
    const admin = broker().client().admin();
    await admin.connect();
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '40' }] });
    await admin.disconnect();
    const intake = readTopic(ledger.ingest, broker(), topic, { groupId });
    expect(await untilStored(ledger, topic, 40, { intake })).toHaveLength(40);
    await intake.close();
  });

  test('two processes share the partitions through rebalances and journal each record once', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 4 });
    const groupId = `shared-${topic}`;
    const send = (from: number) =>
      produce(
        broker(),
        topic,
        numbered(200, from).map((message, index) => ({ ...message, partition: index % 4 })),
      );
    await send(0);
    const first = readTopic(ledger.ingest, broker(), topic, { groupId });
    await untilStored(ledger, topic, 200, { partitions: 4, intake: first });
    const other = await ledger.another();
    const second = readTopic(other, broker(), topic, { groupId });
    for (let round = 1; round <= 5; round += 1) await send(round * 200);
    await untilStored(ledger, topic, 1_200, { partitions: 4, intake: second });
    await first.close();
    await send(1_200);
    const events = await untilStored(ledger, topic, 1_400, { partitions: 4, intake: second });
    await second.close();
    const seen = new Set(events.map(({ log, envelope }) => `${log}#${envelope.coordinate.offset}`));
    expect(events).toHaveLength(1_400);
    expect(seen.size).toBe(1_400);
  });

  test('two groups on one topic fence each other off, and nothing is journaled twice', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    const other = await ledger.another();
    const first = readTopic(ledger.ingest, broker(), topic);
    const second = readTopic(other, broker(), topic);
    for (let round = 0; round < 10; round += 1)
      await produce(broker(), topic, numbered(300, round * 300));
    const events = await untilStored(ledger, topic, 3_000, { intake: first });
    await Promise.all([first.close(), second.close()]);
    expect(events.map(({ envelope }) => envelope.coordinate.offset)).toEqual(
      Array.from({ length: 3_000 }, (_, i) => i),
    );
  });

  test('a last record that would be refused today is no sign of another topic', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    const old = NOON_US - 30 * 86_400_000_000 + 60_000_000;
    await produce(broker(), topic, [{ value: json(initiated({ occurredAt: old })) }]);
    const first = readTopic(ledger.ingest, broker(), topic);
    await untilStored(ledger, topic, 1, { intake: first });
    await first.close();
    ledger.place.clock.advance(3_600_000_000);
    await produce(broker(), topic, numbered(1));
    const second = readTopic(ledger.ingest, broker(), topic);
    expect(await untilStored(ledger, topic, 2, { intake: second })).toHaveLength(2);
    await second.close();
  });

  test('passes over aborted transactions and the control records of committed ones', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    const producer = broker()
      .client()
      .producer({
        transactionalId: `tx-${topic}`,
        idempotent: true,
        maxInFlightRequests: 1,
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      });
    await producer.connect();
    const intake = readTopic(ledger.ingest, broker(), topic);
    for (let round = 0; round < 6; round += 1) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: numbered(10, round * 10) });
      if (round % 3 === 1) await transaction.abort();
      else await transaction.commit();
      if (round === 1) await untilStored(ledger, topic, 10, { intake });
    }
    await producer.disconnect();
    const events = await untilStored(ledger, topic, 40, { intake });
    const offsets = events.map(({ envelope }) => envelope.coordinate.offset);
    const tens = [0, 22, 33, 55].flatMap((from) =>
      Array.from({ length: 10 }, (_, index) => from + index),
    );
    expect(offsets).toEqual(tens);
    await intake.close();
    // Started again, it goes on behind them.
    await produce(broker(), topic, numbered(1, 900));
    const again = readTopic(ledger.ingest, broker(), topic);
    expect(await untilStored(ledger, topic, 41, { intake: again })).toHaveLength(41);
    await again.close();
  });

  test('passes fences that were raised between its slices', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    await produce(broker(), topic, numbered(10));
    const intake = readTopic(ledger.ingest, broker(), topic);
    await untilStored(ledger, topic, 10, { intake });
    const fence = {
      id: Buffer.alloc(16, 7),
      type: 'fence.raised',
      data: Buffer.alloc(0),
      meta: Buffer.alloc(0),
    };
    await ledger.journal.append(`t/${topic}/1/0`, [fence], 'any');
    await produce(broker(), topic, numbered(10, 10));
    const deadline = Date.now() + 20_000;
    const head = async () => (await ledger.journal.head(`t/${topic}/1/0`))?.position ?? 0;
    while ((await head()) < 21 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await ledger.journal.head(`t/${topic}/1/0`)).toMatchObject({ position: 21, resume: 20 });
    await intake.close();
    expect(ledger.logged.join('')).toContain('a fence was raised');
  });

  test('reads partitions that are added while it runs', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    await produce(broker(), topic, numbered(5));
    const intake = readTopic(ledger.ingest, broker(), topic);
    await untilStored(ledger, topic, 5, { intake });
    await broker().addPartitions(topic, 2);
    await produce(
      broker(),
      topic,
      numbered(5, 5).map((message) => ({ ...message, partition: 1 })),
    );
    expect(await untilStored(ledger, topic, 10, { partitions: 2, intake })).toHaveLength(10);
    await intake.close();
  });

  test('waits for a topic that does not exist yet, and says so', async () => {
    await using ledger = await testLedger();
    const name = `later-${process.pid}-${Date.now()}`;
    const intake = readTopic(ledger.ingest, broker(), name);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(ledger.logged.join('')).toContain('waiting for topics that do not exist yet');
    await broker().createTopic({ name, partitions: 1 });
    await produce(broker(), name, numbered(3));
    expect(await untilStored(ledger, name, 3, { intake })).toHaveLength(3);
    await intake.close();
  });
});

describe.skipIf(shared === undefined)('Kafka intake halts', () => {
  test('when records were deleted before they were read', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    await produce(broker(), topic, numbered(20));
    const first = readTopic(ledger.ingest, broker(), topic);
    await untilStored(ledger, topic, 20, { intake: first });
    await first.close();
    await produce(broker(), topic, numbered(20, 20));
    await broker().deleteRecords(topic, 0, 30);
    const second = readTopic(ledger.ingest, broker(), topic);
    await expect(second.done).rejects.toMatchObject({
      code: 'offset_out_of_range',
      message: expect.stringContaining('offsets 20 to 29 were deleted'),
    });
    // The operator's decision: another incarnation goes on from what is left.
    const third = readTopic(ledger.ingest, broker(), { topic, incarnation: 2 });
    const events = await untilStored(ledger, topic, 10, { incarnation: 2, intake: third });
    expect(events[0]?.envelope.coordinate.offset).toBe(30);
    await third.close();
  });

  test('when records are deleted under it while it runs behind', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    await produce(broker(), topic, numbered(20));
    const intake = readTopic(ledger.ingest, broker(), topic);
    await untilStored(ledger, topic, 20, { intake });
    await intake.close();
    await produce(broker(), topic, numbered(5, 20));
    await broker().deleteRecords(topic, 0, 24);
    const again = readTopic(ledger.ingest, broker(), topic);
    await expect(again.done).rejects.toMatchObject({ code: 'offset_out_of_range' });
  });

  test('when the topic was created anew and is shorter', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    await produce(broker(), topic, numbered(20));
    const first = readTopic(ledger.ingest, broker(), topic);
    await untilStored(ledger, topic, 20, { intake: first });
    await first.close();
    await broker().deleteTopic(topic);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await broker().createTopic({ name: topic, partitions: 1 });
    await produce(broker(), topic, numbered(5));
    const second = readTopic(ledger.ingest, broker(), topic);
    await expect(second.done).rejects.toMatchObject({
      code: 'topic_recreated',
      message: expect.stringContaining('incarnation to 2'),
    });
  });

  test('when the topic was created anew and has grown past the head', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({ partitions: 1 });
    await produce(broker(), topic, numbered(20));
    const first = readTopic(ledger.ingest, broker(), topic);
    await untilStored(ledger, topic, 20, { intake: first });
    await first.close();
    await broker().deleteTopic(topic);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await broker().createTopic({ name: topic, partitions: 1 });
    await produce(broker(), topic, numbered(60, 1_000));
    const second = readTopic(ledger.ingest, broker(), topic);
    await expect(second.done).rejects.toMatchObject({ code: 'topic_recreated' });
    expect(await ledger.events(`t/${topic}/1/0`)).toHaveLength(20);
  });

  test('when another record has the place and the very time of the journaled one', async () => {
    await using ledger = await testLedger();
    const timestamp = String(Date.now() - 5_000);
    const topic = await broker().createTopic({ partitions: 1 });
    await produce(
      broker(),
      topic,
      numbered(3).map((message) => ({ ...message, timestamp })),
    );
    const first = readTopic(ledger.ingest, broker(), topic);
    await untilStored(ledger, topic, 3, { intake: first });
    await first.close();
    await broker().deleteTopic(topic);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await broker().createTopic({ name: topic, partitions: 1 });
    await produce(
      broker(),
      topic,
      numbered(9, 500).map((message) => ({ ...message, timestamp })),
    );
    const second = readTopic(ledger.ingest, broker(), topic);
    await expect(second.done).rejects.toMatchObject({
      code: 'topic_recreated',
      message: expect.stringContaining('is not the one journaled'),
    });
  });

  test('when a topic keeps plaintext longer than allowed', async () => {
    await using ledger = await testLedger();
    const topic = await broker().createTopic({
      partitions: 1,
      config: { 'retention.ms': String(200 * 3_600_000) },
    });
    const intake = readTopic(ledger.ingest, broker(), topic);
    await expect(intake.done).rejects.toMatchObject({
      code: 'retention_too_long',
      message: expect.stringContaining('200 h'),
    });
    const forever = await broker().createTopic({
      partitions: 1,
      config: { 'cleanup.policy': 'compact' },
    });
    await expect(readTopic(ledger.ingest, broker(), forever).done).rejects.toMatchObject({
      code: 'retention_too_long',
    });
  });
});
