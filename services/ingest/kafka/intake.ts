import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { delay } from '#platform';
import { createKafka } from '#platform/kafkajs.ts';
import { JournalError } from '#journal';
import { VaultError } from '#vault';
import { EventsError } from '#events';
import { IngestError } from '../errors.ts';
import type { SharedParts } from '../parts.ts';
import { registerCodecs } from './codecs.ts';
import type { KafkaSettings } from './connection.ts';
import { kafkaConfig } from './connection.ts';
import type { PartitionIntake } from './partition.ts';
import { createPartitionIntake } from './partition.ts';
import type { TopicSettings, Watermarks } from './topic.ts';
import { checkRetention, waitForTopics, watermarksOf } from './topic.ts';

export interface KafkaIntakeSettings {
  readonly connection: KafkaSettings;
  readonly groupId: string;
  readonly topics: readonly TopicSettings[];
  /** Longest retention a raw topic may have. */
  readonly retentionMaxMs: number;
  /** How soon added partitions are noticed. */
  readonly metadataMaxAgeMs?: number | undefined;
  readonly sessionTimeoutMs?: number | undefined;
}

/** Reads topics into the journal until closed. */
export interface KafkaIntake {
  /** Resolves when closed; rejects with the sentence that says why it halted. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** Fetched at once from all partitions, at most: what bounds memory however far behind. */
const FETCH_BYTES = 8 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;
const PARTITIONS_AT_ONCE = 8;
const GRACE_MS = 10_000;

export function startKafkaIntake(parts: SharedParts, settings: KafkaIntakeSettings): KafkaIntake {
  registerCodecs();
  const intake = new Intake(parts, settings);
  return { done: intake.run(), close: () => intake.close() };
}

class Intake {
  readonly #parts: SharedParts;
  readonly #settings: KafkaIntakeSettings;
  readonly #stopping = new AbortController();
  readonly #partitions = new Map<string, PartitionIntake>();
  readonly #topics: ReadonlyMap<string, TopicSettings>;
  #halted: Error | undefined;
  #finished: Promise<void> = Promise.resolve();

  constructor(parts: SharedParts, settings: KafkaIntakeSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#topics = new Map(settings.topics.map((topic) => [topic.topic, topic]));
  }

  run(): Promise<void> {
    this.#finished = this.#run();
    return this.#finished;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#finished.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { logger } = this.#parts;
    const config = await kafkaConfig(this.#settings.connection, logger);
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#consume(createKafka(config));
      } catch (error) {
        if (isFatal(error)) throw error;
        logger.warn({ err: error }, 'cannot read from Kafka, trying again');
        await delay(2_000, this.#stopping.signal);
      }
      if (this.#halted !== undefined) throw this.#halted;
    }
  }

  /** One life of a consumer: ends when stopped, halted or beyond kafkajs's own repair. */
  async #consume(kafka: Kafka): Promise<void> {
    const { logger } = this.#parts;
    const { signal } = this.#stopping;
    const admin = kafka.admin();
    const topics = [...this.#topics.keys()];
    await admin.connect();
    try {
      await waitForTopics(admin, topics, { logger, signal });
      if (signal.aborted) return;
      await checkRetention(admin, topics, this.#settings.retentionMaxMs);
      const consumer = this.#createConsumer(kafka);
      const host = {
        watermarks: (topic: string, partition: number): Promise<Watermarks | undefined> =>
          watermarksOf(admin, topic, partition),
        seek: (topic: string, partition: number, offset: number): void =>
          consumer.seek({ topic, partition, offset: String(offset) }),
      };
      await this.#live(consumer, host);
    } finally {
      await admin.disconnect();
    }
  }

  #createConsumer(kafka: Kafka): Consumer {
    const { groupId, metadataMaxAgeMs = 30_000, sessionTimeoutMs = 10_000 } = this.#settings;
    return kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: 60_000,
      heartbeatInterval: Math.min(3_000, sessionTimeoutMs / 3),
      metadataMaxAge: metadataMaxAgeMs,
      allowAutoTopicCreation: false,
      maxBytes: FETCH_BYTES,
      maxBytesPerPartition: PARTITION_BYTES,
      maxWaitTimeInMs: 250,
      retry: {
        initialRetryTime: 200,
        maxRetryTime: 5_000,
        retries: 8,
        restartOnFailure: async () => !this.#isEnding,
      },
    });
  }

  get #isEnding(): boolean {
    return this.#stopping.signal.aborted || this.#halted !== undefined;
  }

  async #live(
    consumer: Consumer,
    host: Parameters<typeof createPartitionIntake>[1],
  ): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const end = (): void => ended.resolve();
    this.#stopping.signal.addEventListener('abort', end, { once: true });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      this.#assign(payload.memberAssignment, host),
    );
    consumer.on(consumer.events.REBALANCING, () => this.#parts.failpoint('ingest.rebalance'));
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) ended.reject(payload.error);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...this.#topics.keys()], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.#eachBatch(payload, end),
      });
      await ended.promise;
    } finally {
      this.#stopping.signal.removeEventListener('abort', end);
      await this.#leave(consumer);
    }
  }

  /** Lets the slices in hand become durable, for a while, then leaves the group. */
  async #leave(consumer: Consumer): Promise<void> {
    const abort = setTimeout(() => this.#closeAll(), this.#halted === undefined ? GRACE_MS : 0);
    try {
      await consumer.disconnect();
    } finally {
      clearTimeout(abort);
      this.#closeAll();
    }
  }

  #assign(
    assignment: Readonly<Record<string, number[]>>,
    host: Parameters<typeof createPartitionIntake>[1],
  ): void {
    this.#closeAll();
    for (const [topic, partitions] of Object.entries(assignment)) {
      const settings = this.#topics.get(topic);
      if (settings === undefined) continue;
      for (const partition of partitions) {
        this.#partitions.set(
          `${topic}/${partition}`,
          createPartitionIntake(this.#parts, host, { settings, partition }),
        );
      }
    }
  }

  #closeAll(): void {
    for (const partition of this.#partitions.values()) partition.close();
    this.#partitions.clear();
  }

  async #eachBatch(payload: EachBatchPayload, end: () => void): Promise<void> {
    const { topic, partition } = payload.batch;
    if (this.#isEnding) return;
    try {
      await this.#partitions.get(`${topic}/${partition}`)?.process(payload);
    } catch (error) {
      if (!isFatal(error)) throw error;
      this.#halted ??= error;
      end();
    }
  }
}

/** Nothing to wait for: the operator has to act. Everything else is a broker, store or vault away. */
function isFatal(error: unknown): error is Error {
  return (
    error instanceof IngestError ||
    error instanceof JournalError ||
    error instanceof VaultError ||
    error instanceof EventsError
  );
}
