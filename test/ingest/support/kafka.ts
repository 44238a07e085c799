import type { IHeaders, Message } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { StoredEvent } from '#events';
import type { Ingest, KafkaIntake, KafkaIntakeSettings, TopicSettings } from '#ingest';
import type { KafkaHandle } from '#test/support/kafka.ts';
import { registerCodecs } from '../../../services/ingest/kafka/codecs.ts';
import type { TestLedger } from './ledger.ts';

const { CompressionTypes, Partitioners } = kafkajs;

export interface Produced {
  readonly value: Buffer | null;
  readonly partition?: number;
  readonly headers?: IHeaders;
  readonly timestamp?: string;
}

/** Publishes in order; each entry of `messages` goes where it says, else to partition 0. */
export async function produce(
  kafka: KafkaHandle,
  topic: string,
  messages: readonly Produced[],
  compression: kafkajs.CompressionTypes = CompressionTypes.None,
): Promise<void> {
  registerCodecs();
  const producer = kafka.client().producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    await producer.send({
      topic,
      compression,
      messages: messages.map((message): Message => ({ partition: 0, ...message })),
    });
  } finally {
    await producer.disconnect();
  }
}

let groups = 0;

export function readTopic(
  ingest: Ingest,
  kafka: Pick<KafkaHandle, 'brokers'>,
  topic: TopicSettings | string,
  more: Partial<KafkaIntakeSettings> & {
    readonly connection?: Partial<KafkaIntakeSettings['connection']>;
  } = {},
): KafkaIntake {
  groups += 1;
  const intake = ingest.readKafka({
    groupId: `test-${process.pid}-${groups}`,
    topics: [typeof topic === 'string' ? { topic } : topic],
    retentionMaxMs: 168 * 3_600_000,
    metadataMaxAgeMs: 500,
    ...more,
    connection: {
      brokers: kafka.brokers,
      clientId: 'test',
      tls: false,
      sasl: 'none',
      ...more.connection,
    },
  });
  intake.done.catch(() => undefined);
  return intake;
}

/** Waits until the partitions' logs hold so many events, and answers with them. */
export async function untilStored(
  ledger: TestLedger,
  topic: string,
  count: number,
  {
    partitions = 1,
    incarnation = 1,
    intake,
  }: { partitions?: number; incarnation?: number; intake?: KafkaIntake } = {},
): Promise<StoredEvent[]> {
  const deadline = Date.now() + 30_000;
  const halted =
    intake === undefined ? new Promise<never>(() => undefined) : intake.done.then(() => undefined);
  for (;;) {
    const events: StoredEvent[] = [];
    for (let partition = 0; partition < partitions; partition += 1) {
      events.push(...(await ledger.events(`t/${topic}/${incarnation}/${partition}`)));
    }
    if (events.length >= count) return events;
    if (Date.now() > deadline) {
      throw new Error(
        `${events.length} of ${count} events after 30 s\n${ledger.logged.slice(-20).join('')}`,
      );
    }
    await Promise.race([halted, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
}
