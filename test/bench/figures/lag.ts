import { Partitioners } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf, wireEncoder } from '#traffic';
import type { TestLedger } from '../../support/ledger.ts';
import type { Figure, Measured } from '../figure.ts';
import { dayOf, partitions, playDay, schemaIds } from '../topic.ts';

const rate = 10_000;
const warmSeconds = 15;
const seconds = 45;
const beatMs = 20;

/** How long after it was published a record is in the views, while 10,000 come every second. */
export const lag: Figure = {
  name: 'lag',
  title: `lag from published to visible at ${rate.toLocaleString('en-GB')} events/s`,
  runs: 3,
  async measure(world): Promise<Measured> {
    const topic = await world.kafka.createTopic({ partitions });
    await using ledger = await world.ledger(topic);
    await ledger.start('project');
    await ledger.start('ingest');
    const encode = wireEncoder(schemaIds());
    const producer = world.kafka
      .client()
      .producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const watch = watchLag(ledger);
    const records = flat(playDay(dayOf(rate * (warmSeconds + seconds + 5))));
    const began = performance.now();
    let sent = 0;
    while (performance.now() - began < (warmSeconds + seconds) * 1000) {
      const due = Math.floor(((performance.now() - began) / 1000) * rate) - sent;
      const messages = [];
      for (let at = 0; at < due; at += 1) {
        const { value } = records.next();
        if (value === undefined) break;
        const partition = partitionOf(value.key, partitions);
        messages.push({ key: value.key, value: encode(value).bytes, partition });
      }
      const publishedAt = performance.now();
      await producer.send({ topic, messages, acks: 1 });
      sent += messages.length;
      for (const { partition } of messages) watch.published(partition, publishedAt);
      await sleep(beatMs);
    }
    const { records: shown, usage } = await watch.stop(began + warmSeconds * 1000);
    await producer.disconnect();
    return {
      'ms p50': quantile(shown, 0.5),
      'ms p99': quantile(shown, 0.99),
      'ms p99 more until usage shows it': quantile(usage, 0.99),
      'events/s published': sent / (warmSeconds + seconds),
    };
  },
};

function* flat<T>(batches: Iterable<readonly T[]>): Generator<T, undefined> {
  for (const batch of batches) yield* batch;
  return undefined;
}

interface Watch {
  published(partition: number, at: number): void;
  /** Lags in ms of what was published after `since`, once all of it is visible. */
  stop(since: number): Promise<{ records: number[]; usage: number[] }>;
}

interface Seen {
  readonly log: string;
  readonly family: string;
  readonly position: number;
  readonly age_ms: number;
}

/** Looks 40 times a second at how far each partition's log has come into the views. */
function watchLag(ledger: TestLedger): Watch {
  const publishedAt: number[][] = Array.from({ length: partitions }, () => []);
  const shown = Array.from({ length: partitions }, () => 0);
  const lags: { at: number; lag: number }[] = [];
  const usage: { at: number; lag: number }[] = [];
  let stopped = false;
  const look = async (): Promise<void> => {
    const { rows } = await ledger.pool.query<Seen>({
      name: 'lag',
      text: `select log, family, position,
               (extract(epoch from clock_timestamp()) * 1000 - recorded_at / 1000.0)::float8 as age_ms
             from views.checkpoint`,
    });
    const now = performance.now();
    for (const { log, family, position, age_ms } of rows) {
      if (family === 'usage') usage.push({ at: now, lag: age_ms });
      if (family !== 'records' || !log.startsWith('t/')) continue;
      const partition = Number(log.split('/').at(-1));
      const times = publishedAt[partition] ?? [];
      for (let at = shown[partition] ?? 0; at < Math.min(position, times.length); at += 1) {
        const published = times[at] ?? now;
        lags.push({ at: published, lag: now - published });
      }
      shown[partition] = Math.max(shown[partition] ?? 0, Math.min(position, times.length));
    }
  };
  const looking = (async () => {
    while (!stopped) {
      await look();
      await sleep(25);
    }
  })();
  return {
    published: (partition, at) => void publishedAt[partition]?.push(at),
    async stop(since) {
      const until = performance.now();
      while (shown.some((count, at) => count < (publishedAt[at]?.length ?? 0))) await sleep(50);
      stopped = true;
      await looking;
      const after = (list: readonly { at: number; lag: number }[]): number[] =>
        list.filter(({ at }) => at >= since && at <= until).map((each) => each.lag);
      return { records: after(lags), usage: after(usage) };
    },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
