import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka, KafkaConfig } from 'kafkajs';
import { createKafka } from '#platform/kafkajs.ts';
import { startBroker, type Broker } from '../../infra/kafka/broker.ts';
import { securedListeners, type KafkaSecurity } from './kafka-security.ts';

export { unsecuredToken } from './kafka-security.ts';

/** A real broker that tests may talk to, whoever runs it. */
export interface KafkaHandle {
  readonly brokers: string[];
  /** Addresses of `SASL`, `SASL_TLS` and `MTLS` where the broker was started with `secured`. */
  readonly listeners: Readonly<Record<string, string>>;
  readonly security: KafkaSecurity | undefined;
  client(config?: Partial<KafkaConfig>): Kafka;
  /** Creates a topic (of a new name unless one is given) and answers with its name. */
  createTopic(options?: TopicOptions): Promise<string>;
  addPartitions(topic: string, count: number): Promise<void>;
  deleteTopic(topic: string): Promise<void>;
  /** Makes `before` the first offset of the partition, as retention would. */
  deleteRecords(topic: string, partition: number, before: number): Promise<void>;
}

export interface TopicOptions {
  readonly name?: string;
  readonly partitions?: number;
  readonly config?: Readonly<Record<string, string>>;
}

/** A broker of one's own, which may be killed. */
export interface TestKafka extends KafkaHandle, AsyncDisposable {
  readonly broker: Broker;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Starts it again on the same ports and data after `stop` or `kill`. */
  restart(): Promise<void>;
}

export interface StartKafka {
  /** Kept afterwards when given; else a temporary folder that goes with the broker. */
  readonly dir?: string;
  /** Adds the SASL, SASL_TLS and MTLS listeners. */
  readonly secured?: boolean;
  readonly properties?: Readonly<Record<string, string>>;
  /** False compiles fully: for measuring. */
  readonly quickStart?: boolean;
  readonly heapMb?: number;
  readonly log?: (line: string) => void;
}

/**
 * Starts a broker of the caller's own.
 *
 * @throws BrokerUnavailable when this machine cannot run one.
 */
export async function startKafka(options: StartKafka = {}): Promise<TestKafka> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'tollbook-kafka-'));
  const secured = options.secured === true ? securedListeners(join(dir, 'tls')) : undefined;
  const broker = await startBroker({
    ...options,
    dir,
    listeners: secured?.listeners ?? [],
    scram: secured?.scram ?? [],
    // A killed broker may register again once its old session is over: 9 s unless told.
    properties: { 'broker.session.timeout.ms': '3000', ...options.properties },
  });
  const stop = async (): Promise<void> => {
    await broker.stop();
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  };
  return {
    ...kafkaHandle([broker.address], broker.listeners, secured?.security),
    broker,
    stop: () => broker.stop(),
    kill: () => broker.kill(),
    restart: () => broker.start(),
    [Symbol.asyncDispose]: stop,
  };
}

/** The helpers around a running broker's addresses. */
export function kafkaHandle(
  brokers: string[],
  listeners: Readonly<Record<string, string>>,
  security: KafkaSecurity | undefined,
): KafkaHandle {
  const client = (config: Partial<KafkaConfig> = {}): Kafka =>
    createKafka({ clientId: 'tollbook-test', brokers, ...config });
  const asAdmin = (work: (admin: Admin) => Promise<unknown>): Promise<void> =>
    withAdmin(client(), work);
  return {
    brokers,
    listeners,
    security,
    client,
    async createTopic({ name, partitions = 4, config = {} } = {}) {
      const topic = name ?? `test-${randomBytes(6).toString('hex')}`;
      const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
      const wanted = { topic, numPartitions: partitions, configEntries };
      await asAdmin((admin) => admin.createTopics({ topics: [wanted], waitForLeaders: true }));
      return topic;
    },
    async addPartitions(topic, count) {
      await asAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }));
      await asAdmin((admin) => untilLed(admin, topic));
    },
    deleteTopic: (topic) => asAdmin((admin) => admin.deleteTopics({ topics: [topic] })),
    deleteRecords: (topic, partition, before) =>
      asAdmin(async (admin) => {
        // Loads the topic's metadata, which the deletion expects to find.
        await admin.fetchTopicOffsets(topic);
        const partitions = [{ partition, offset: String(before) }];
        await admin.deleteTopicRecords({ topic, partitions });
      }),
  };
}

async function withAdmin(kafka: Kafka, work: (admin: Admin) => Promise<unknown>): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** New partitions have no leader for a moment, and kafkajs does not wait for it. */
async function untilLed(admin: Admin, topic: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
}
