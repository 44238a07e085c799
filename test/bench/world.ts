import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startKafka, type TestKafka } from '../support/kafka.ts';
import { startLedger, type TestLedger } from '../support/ledger.ts';
import type { TestRegistry } from '../support/registry.ts';
import { benchRegistry, dayOf, fillTopic, partitions, playDay } from './topic.ts';

/** Where a bench keeps its broker (filled once, used for days) and its databases (made anew). */
export const benchDir = resolve('.tollbook', 'bench');

export interface BenchTopic {
  readonly name: string;
  readonly records: number;
}

/** The parts around the ledger: one broker and one registry for the whole run. */
export interface World extends AsyncDisposable {
  readonly kafka: TestKafka;
  readonly registry: TestRegistry;
  /** The topic of the fixed mix with about so many records; filled unless a late run left it. */
  dayTopic(events: number): Promise<BenchTopic>;
  /** A ledger with an empty database that reads `topic`. */
  ledger(topic: string, env?: NodeJS.ProcessEnv): Promise<TestLedger>;
  readonly say: (line: string) => void;
}

/** Records older than a few days would soon be too old to be taken. */
const keptMs = 3 * 24 * 3600 * 1000;

export async function openWorld(say: (line: string) => void): Promise<World> {
  mkdirSync(benchDir, { recursive: true });
  const kafka = await startKafka({ dir: join(benchDir, 'kafka'), quickStart: false, heapMb: 768 });
  const registry = await benchRegistry(['bench']);
  const listFile = join(benchDir, 'topics.json');
  const list = (): Record<string, { records: number; filledAt: number }> =>
    existsSync(listFile) ? JSON.parse(readFileSync(listFile, 'utf8')) : {};
  return {
    kafka,
    registry,
    say,
    async dayTopic(events) {
      for (const [name, { records, filledAt }] of Object.entries(list())) {
        const isFit = name.startsWith(`day-${events}-`) && Date.now() - filledAt < keptMs;
        if (isFit) return { name, records };
      }
      const name = await kafka.createTopic({
        name: `day-${events}-${Date.now()}`,
        partitions,
        config: { 'retention.ms': String(keptMs * 2) },
      });
      say(`filling ${name}`);
      const records = await fillTopic(kafka.client(), name, playDay(dayOf(events)));
      writeFileSync(
        listFile,
        JSON.stringify({ ...list(), [name]: { records, filledAt: Date.now() } }),
      );
      return { name, records };
    },
    async ledger(topic, env = {}) {
      const dir = join(benchDir, 'ledger');
      rmSync(dir, { recursive: true, force: true });
      return await startLedger({
        dir,
        env: {
          TOLLBOOK_KAFKA: kafka.brokers.join(','),
          TOLLBOOK_KAFKA_TOPICS: topic,
          TOLLBOOK_KAFKA_GROUP: `bench-${Date.now()}`,
          TOLLBOOK_REGISTRY: registry.url,
          ...env,
        },
      });
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await kafka.stop();
    },
  };
}
