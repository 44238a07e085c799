import { Partitioners, type Kafka } from 'kafkajs';
import {
  createPopulation,
  createTraffic,
  noFaults,
  partitionOf,
  wireEncoder,
  writerSchemas,
  type Emission,
  type TrafficOptions,
} from '#traffic';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** The mix every figure is measured on: the generator's day with 1 % repeats. */
export const partitions = 4;
export const repeats = 0.01;
export const accounts = 2_000;
export const outsiders = 200_000;

const hourSeconds = 3600;
const eventsPerScene = 4.83;

/** A registry that gives every event type the same id in every run. */
export async function benchRegistry(topics: readonly string[]): Promise<TestRegistry> {
  const registry = await startRegistry({ firstId: 100 });
  for (const topic of topics) {
    for (const { name, schema } of writerSchemas()) registry.register(`${topic}-${name}`, schema);
  }
  return registry;
}

/** The ids `benchRegistry` gives out. */
export function schemaIds(): Map<string, number> {
  return new Map(writerSchemas().map(({ type }, at) => [type, 100 + at]));
}

export function dayOf(events: number, changes: Partial<TrafficOptions> = {}): TrafficOptions {
  const scenes = Math.ceil(events / eventsPerScene);
  const fromSecond = Math.floor(Date.now() / 1000) - 26 * hourSeconds;
  return {
    seed: 20_260_101,
    stretches: [{ fromSecond, firstScene: 0, perSecond: scenes / (20 * hourSeconds) }],
    depth: 1,
    population: createPopulation({ accounts, outsiders }),
    faults: { ...noFaults, repeats },
    home: 'GB',
    scenesMax: scenes,
    ...changes,
  };
}

/** The day's records in order, some thousand at a time. */
export function* playDay(options: TrafficOptions): Generator<Emission[]> {
  const traffic = createTraffic(options);
  let us = (options.stretches[0]?.fromSecond ?? 0) * 1_000_000;
  let batch: Emission[] = [];
  while (!traffic.isOver()) {
    us += 10_000_000;
    for (const emission of traffic.until(us)) batch.push(emission);
    if (batch.length < 4_000) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Fills a new topic and answers with how many records are in it. */
export async function fillTopic(
  kafka: Kafka,
  topic: string,
  batches: Iterable<readonly Emission[]>,
): Promise<number> {
  const encode = wireEncoder(schemaIds());
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  let records = 0;
  try {
    for (const batch of batches) {
      const messages = batch.map((emission) => ({
        key: emission.key,
        value: encode(emission).bytes,
        partition: partitionOf(emission.key, partitions),
      }));
      await producer.send({ topic, messages, acks: 1 });
      records += batch.length;
    }
  } finally {
    await producer.disconnect();
  }
  return records;
}
