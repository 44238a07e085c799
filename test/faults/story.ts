import { Partitioners } from 'kafkajs';
import { fingerprintHeader } from '#events';
import {
  createPopulation,
  createTraffic,
  fingerprintEncoder,
  partitionOf,
  type Emission,
  type Encode,
  type ExpectedCommunication,
} from '#traffic';
import type { KafkaHandle } from '../support/kafka.ts';

/** What happens in a case, and what the ledger must make of it. */
export interface Story {
  readonly emissions: readonly Emission[];
  readonly expected: readonly ExpectedCommunication[];
  readonly conflicts: number;
  readonly broken: number;
}

export const partitions = 3;

/** Rough times: many of everything that can go wrong on the way. */
const faults = { repeats: 0.03, late: 0.02, outOfOrder: 0.03, conflicts: 0.01, broken: 0.01 };

export function writeStory(seed: number, scenes: number): Story {
  const expected: ExpectedCommunication[] = [];
  const fromSecond = Math.floor(Date.now() / 1000) - 20 * 3600;
  const traffic = createTraffic({
    seed,
    stretches: [{ fromSecond, firstScene: 0, perSecond: 0.5 }],
    depth: 0,
    population: createPopulation({ accounts: 8, outsiders: 500 }),
    faults,
    home: 'GB',
    scenesMax: scenes,
    onExpected: (each) => expected.push(each),
  });
  const emissions: Emission[] = [];
  for (let us = fromSecond * 1e6; !traffic.isOver(); us += 60e6)
    emissions.push(...traffic.until(us));
  const count = (what: Emission['what']): number =>
    emissions.filter((emission) => emission.what === what).length;
  return { emissions, expected, conflicts: count('conflict'), broken: count('broken') };
}

/** Numbers that must be found nowhere in the ledger's files, without the plus sign. */
export function numbersOf(story: Story): string[] {
  const numbers = new Set(story.expected.flatMap((each) => each.numbers));
  return [...numbers].filter((number) => number.startsWith('+')).map((number) => number.slice(1));
}

/** Publishes in small sends, so that there are many slices to die in. */
export async function publish(
  kafka: KafkaHandle,
  topic: string,
  emissions: readonly Emission[],
  encode: Encode = fingerprintEncoder(),
): Promise<void> {
  const producer = kafka.client().producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  try {
    for (let at = 0; at < emissions.length; at += 60) {
      const messages = emissions.slice(at, at + 60).map((emission) => {
        const { bytes, fingerprint } = encode(emission);
        return {
          key: emission.key,
          value: Buffer.from(bytes),
          partition: partitionOf(emission.key, partitions),
          ...(fingerprint === undefined ? {} : { headers: { [fingerprintHeader]: fingerprint } }),
        };
      });
      await producer.send({ topic, messages });
    }
  } finally {
    await producer.disconnect();
  }
}
