import { Partitioners, type Kafka, type Message } from 'kafkajs';
import { fingerprintHeader } from '#events';
import { fingerprintEncoder, type Encode } from '../encode.ts';
import { TrafficError } from '../errors.ts';
import type { Emission } from '../faults.ts';
import type { Publisher } from './publisher.ts';

export interface KafkaTarget {
  readonly kafka: Kafka;
  readonly topic: string;
  /** Of the topic when it has to be created. */
  readonly partitions?: number;
  /** How records are written; without it plain Avro with the fingerprint in a header. */
  readonly encode?: Encode;
}

/** A raw topic holds plaintext: a day is enough for whoever reads it. */
const retentionMs = 24 * 3600 * 1000;

/** Publishes to a topic, which is created when it is not there. Waits for the broker's promise. */
export async function createKafkaPublisher(target: KafkaTarget): Promise<Publisher> {
  const { kafka, topic, encode = fingerprintEncoder() } = target;
  const partitions = await ensureTopic(target);
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect().catch((cause: unknown) => {
    throw unreachable(cause);
  });
  return {
    name: `Kafka topic ${topic}`,
    async publish(records) {
      const messages = records.map((record) => message(record, encode, partitions));
      try {
        await producer.send({ topic, messages, acks: -1 });
      } catch (cause) {
        throw unreachable(cause);
      }
    },
    [Symbol.asyncDispose]: () => producer.disconnect(),
  };
}

function message(record: Emission, encode: Encode, partitions: number): Message {
  const { bytes, fingerprint } = encode(record);
  return {
    key: record.key,
    value: bytes,
    partition: partitionOf(record.key, partitions),
    ...(fingerprint === undefined ? {} : { headers: { [fingerprintHeader]: fingerprint } }),
  };
}

/** FNV-1a of the key: one communication, one partition. */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x0100_0193);
  }
  return (hash >>> 0) % partitions;
}

async function ensureTopic({ kafka, topic, partitions = 4 }: KafkaTarget): Promise<number> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const known = await admin.listTopics();
    if (!known.includes(topic)) {
      const configEntries = [{ name: 'retention.ms', value: String(retentionMs) }];
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] });
      return partitions;
    }
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length ?? partitions;
  } catch (cause) {
    throw unreachable(cause);
  } finally {
    await admin.disconnect();
  }
}

function unreachable(cause: unknown): TrafficError {
  return new TrafficError('away', 'Kafka does not take the records', { cause });
}
