import { Partitioners } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPopulation, noFaults, partitionOf, wireEncoder, type Emission } from '#traffic';
import { record, type Stage, type Scene } from '../../../services/traffic/scene.ts';
import type { TestLedger } from '../../support/ledger.ts';
import type { Figure, Measured } from '../figure.ts';
import { accounts, dayOf, fillTopic, partitions, playDay, schemaIds } from '../topic.ts';
import type { World } from '../world.ts';
import { progress } from './visible.ts';

const known = 1_000_000;
const rate = 20_000;
const loadSeconds = 90;

/**
 * The first of a month: a million numbers are known of last month, and each is new again. First last
 * month's numbers are sighted as fast as it goes, then 20,000 events/s of this month begin at once.
 */
export const border: Figure = {
  name: 'border',
  title: `month border: ${known.toLocaleString('en-GB')} known numbers, then ${rate.toLocaleString('en-GB')} events/s`,
  runs: 1,
  async measure(world): Promise<Measured> {
    const topic = await world.kafka.createTopic({ partitions });
    const filled = await fillTopic(world.kafka.client(), topic, playDay(lastMonth()));
    await using ledger = await world.ledger(topic, { TOLLBOOK_LATENESS_DAYS: '62' });
    const ingest = await ledger.start('ingest');
    await ledger.start('project');
    const began = performance.now();
    await untilShown(ledger, filled);
    const sightings = known / ((performance.now() - began) / 1000);
    const { maxBehind, recoveredAfter, sent } = await load(world, ledger, topic, filled);
    if (ingest.halted() !== undefined) throw new Error(ingest.halted());
    const refused = await countQuarantined(ledger);
    return {
      'first sightings/s': sightings,
      'events behind at worst': maxBehind,
      's until nothing was behind': recoveredAfter,
      'events of the new month': sent,
      refused,
    };
  },
};

/** One message for every two numbers, each number once. */
function lastMonth(): ReturnType<typeof dayOf> {
  const population = createPopulation({ accounts, outsiders: known });
  const now = new Date();
  const middle = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 15) / 1000;
  return dayOf(known, {
    stretches: [{ fromSecond: middle, firstScene: 0, perSecond: 1_000 }],
    depth: 0,
    scenesMax: known / 2,
    faults: noFaults,
    population,
    play: (stage) => twoNumbers(stage),
  });
}

function twoNumbers(stage: Stage): Scene {
  const { population, index, draw } = stage;
  const recorder = record(stage, population.account(draw).id);
  recorder.say('sms.received', null, {
    direction: 'inbound',
    senderNumber: population.nextOutsider(2 * index).e164,
    recipientNumber: population.nextOutsider(2 * index + 1).e164,
  });
  return { events: recorder.events, expected: [] };
}

async function load(
  world: World,
  ledger: TestLedger,
  topic: string,
  before: number,
): Promise<{ maxBehind: number; recoveredAfter: number; sent: number }> {
  const population = createPopulation({ accounts, outsiders: known });
  const encode = wireEncoder(schemaIds());
  const producer = world.kafka
    .client()
    .producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const day = playDay(dayOf(rate * loadSeconds * 1.2, { population, seed: 77 }));
  const began = performance.now();
  let pending: Emission[] = [];
  let sent = 0;
  let maxBehind = 0;
  while (performance.now() - began < loadSeconds * 1000) {
    const due = Math.floor(((performance.now() - began) / 1000) * rate) - sent;
    while (pending.length < due) {
      const { value, done } = day.next();
      if (done === true) break;
      pending = pending.concat(value);
    }
    const messages = pending.slice(0, due).map((emission) => ({
      key: emission.key,
      value: encode(emission).bytes,
      partition: partitionOf(emission.key, partitions),
    }));
    pending = pending.slice(due);
    await producer.send({ topic, messages, acks: 1 });
    sent += messages.length;
    const { shown } = await progress(ledger);
    maxBehind = Math.max(maxBehind, before + sent - shown);
    await sleep(50);
  }
  const ended = performance.now();
  await untilShown(ledger, before + sent);
  await producer.disconnect();
  return { maxBehind, recoveredAfter: (performance.now() - ended) / 1000, sent };
}

async function untilShown(ledger: TestLedger, records: number): Promise<void> {
  for (;;) {
    const { shown } = await progress(ledger);
    if (shown >= records) return;
    await sleep(200);
  }
}

async function countQuarantined(ledger: TestLedger): Promise<number> {
  const { rows } = await ledger.pool.query<{ n: number }>(
    'select count(*)::bigint as n from views.quarantine',
  );
  return rows[0]?.n ?? 0;
}
