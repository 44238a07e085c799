import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wireEncoder, writerSchemas } from '#traffic';
import { BrokerUnavailable } from '../../infra/kafka/artifacts.ts';
import { startKafka, type TestKafka } from '../support/kafka.ts';
import { startRegistry } from '../support/registry.ts';
import { missing } from '../support/requirements.ts';
import type { RoleProcess } from '../support/role-process.ts';
import { untilShown } from './case.ts';
import { checkInvariants } from './invariants.ts';
import { openSite, type CaseLedger, type Site } from './site.ts';
import { partitions, publish, writeStory, type Story } from './story.ts';

const kafka = await startKafka().catch((error: unknown) => {
  if (!(error instanceof BrokerUnavailable)) throw error;
  missing('kafka', error.message);
  return undefined;
});

/** Long enough for every time-out and retry on the way to show. */
const awayMs = 6_000;

describe.skipIf(kafka === undefined)('while a part is away', { timeout: 240_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'tollbook-outages-'));
  let site: Site | undefined;

  beforeAll(async () => {
    if (kafka !== undefined) site = await openSite(dir, kafka);
  });
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
    await kafka?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  it('a broker that stops is waited for, and nothing is lost', async () => {
    await outage({
      stop: ({ broker }) => broker.stop(),
      start: ({ broker }) => broker.restart(),
      says: { role: 'ingest', text: /broker|connection|kafka/i },
    });
  });

  it('a database that stops is waited for by everyone, and nothing is lost', async () => {
    await outage({
      stop: ({ place }) => place.stopDatabase(),
      start: ({ place }) => place.startDatabase(),
      says: { role: 'project', text: /waits|again|away|ECONN|unavailable/i },
    });
  });

  it('a registry that is down is waited for before a record is decided on', async () => {
    await using registry = await startRegistry();
    const ids = new Map(
      writerSchemas().map(({ type, name, schema }) => [type, registry.register(name, schema)]),
    );
    registry.setState('failing');
    const { place, broker } = parts();
    const story = writeStory(7, 60);
    const topic = await broker.createTopic({ partitions });
    await publish(broker, topic, story.emissions, wireEncoder(ids));
    await using ledger = await place.openLedger(topic, { TOLLBOOK_REGISTRY: registry.url });
    const roles = [ledger.start('project'), ledger.start('ingest')];
    await Promise.all(roles.map(({ ready }) => ready));
    await sleep(awayMs);
    expect(await journaled(ledger)).toBe(0);
    expect(readFileSync(join(ledger.dir, 'ingest.log'), 'utf8')).toMatch(/registry/i);
    registry.setState('up');
    await goesOn(place, ledger, topic, story, roles);
  });

  interface Outage {
    stop(parts: { place: Site; broker: TestKafka }): Promise<void>;
    start(parts: { place: Site; broker: TestKafka }): Promise<void>;
    readonly says: { readonly role: string; readonly text: RegExp };
  }

  /** Half of the traffic before, the other half after; the roles must outlive what is between. */
  async function outage({ stop, start, says }: Outage): Promise<void> {
    const { place, broker } = parts();
    const story = writeStory(5, 80);
    const topic = await broker.createTopic({ partitions });
    await using ledger = await place.openLedger(topic);
    const roles = [ledger.start('project'), ledger.start('ingest')];
    await Promise.all(roles.map(({ ready }) => ready));
    const half = story.emissions.length >> 1;
    await publish(broker, topic, story.emissions.slice(0, half));
    await stop({ place, broker });
    await sleep(awayMs);
    await start({ place, broker });
    expect(readFileSync(join(ledger.dir, `${says.role}.log`), 'utf8')).toMatch(says.text);
    await publish(broker, topic, story.emissions.slice(half));
    await goesOn(place, ledger, topic, story, roles);
  }

  function parts(): { place: Site; broker: TestKafka } {
    if (site === undefined || kafka === undefined) throw new Error('should have been skipped');
    return { place: site, broker: kafka };
  }
});

async function goesOn(
  site: Site,
  ledger: CaseLedger,
  topic: string,
  story: Story,
  roles: readonly RoleProcess[],
): Promise<void> {
  expect(await untilShown(ledger, story.emissions.length)).toBe(true);
  const ends = await Promise.all(roles.map((role) => role.stop()));
  expect(ends).toEqual(roles.map(() => ({ code: 0, signal: null })));
  expect(await checkInvariants(ledger, topic, story, site.database.cluster)).toEqual([]);
}

async function journaled(ledger: CaseLedger): Promise<number> {
  const { rows } = await ledger.pool.query<{ n: number }>(
    `select coalesce(sum(position), 0)::bigint as n from journal.logs where name like 't/%'`,
  );
  return rows[0]?.n ?? 0;
}
