import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedKafka } from '../support/shared-kafka.ts';
import { untilShown } from './case.ts';
import { checkFiles, checkInvariants } from './invariants.ts';
import { openSite, type CaseLedger, type Site } from './site.ts';
import { partitions, publish, writeStory, type Story } from './story.ts';

const kafka = await sharedKafka();
const unsealed = join(import.meta.dirname, '..', 'bench', 'unsealed');

/** A check that never fails proves nothing: here each rule is broken by hand. */
describe.skipIf(kafka === undefined)('the check of the invariants', { timeout: 240_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'tollbook-check-'));
  let site: Site | undefined;

  beforeAll(async () => {
    if (kafka !== undefined) site = await openSite(dir, kafka);
  });
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  it('finds a changed record, lost usage, and a record of the source that is missing', async () => {
    await using played = await play(false);
    const { ledger, check } = played;
    expect(await check()).toEqual([]);
    await ledger.pool.query(`update views.cdr set billable_seconds = billable_seconds + 1
      where id = (select id from views.cdr where status = 'final' and kind = 'call' limit 1)`);
    const changed = await check();
    expect(changed).toContainEqual(expect.stringMatching(/^I2: call .* has seconds/));
    expect(changed).toContainEqual(expect.stringMatching(/^I4: cdr rebuilt differs: 1 rows/));
    await ledger.pool.query(
      `delete from views.usage where ctid in (select ctid from views.usage limit 1)`,
    );
    expect(await check()).toContainEqual(expect.stringMatching(/^I2: usage of/));
    const story: Story = { ...played.story, emissions: played.story.emissions.slice(1) };
    expect(await played.checkAgainst(story)).toContainEqual(expect.stringMatching(/^I1: /));
  });

  it('finds a number that was stored unsealed', async () => {
    await using played = await play(true);
    expect(await played.searchFiles()).toContainEqual(
      expect.stringMatching(/^I8: a number stands in/),
    );
  });

  interface Played extends AsyncDisposable {
    readonly ledger: CaseLedger;
    readonly story: Story;
    check(): Promise<string[]>;
    checkAgainst(story: Story): Promise<string[]>;
    searchFiles(): Promise<string[]>;
  }

  async function play(isUnsealed: boolean): Promise<Played> {
    if (site === undefined || kafka === undefined) throw new Error('should have been skipped');
    const place = site;
    const story = writeStory(3, 60);
    const topic = await kafka.createTopic({ partitions });
    const ledger = await place.openLedger(topic);
    const program = (role: string): readonly string[] | undefined =>
      isUnsealed ? [join(unsealed, `${role}.ts`)] : undefined;
    const roles = (['project', 'ingest'] as const).map((role) =>
      ledger.start(role, '', program(role)),
    );
    await publish(kafka, topic, story.emissions);
    expect(await untilShown(ledger, story.emissions.length)).toBe(true);
    await Promise.all(roles.map((role) => role.stop()));
    const checkAgainst = (against: Story): Promise<string[]> =>
      checkInvariants(ledger, topic, against, place.database.cluster);
    return {
      ledger,
      story,
      checkAgainst,
      check: () => checkAgainst(story),
      searchFiles: () => checkFiles(ledger, story, place.database.cluster),
      [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
    };
  }
});
