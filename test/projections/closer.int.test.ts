import { describe, expect, it } from 'vitest';
import { getCdr, listCdrs, readUsageFeed, sourceStatus } from '#projections';
import { createCloser } from '../../services/projections/closer/closer.ts';
import { ended, initiated } from '../ingest/support/samples.ts';
import { NOON_US } from '#test/support/vault.ts';
import type { TestViews } from './support/views.ts';
import { testViews } from './support/views.ts';

const HOUR = 3_600_000_000;
const closeAfterUs = 2 * HOUR;

async function closerOf({ ledger, pool }: TestViews) {
  return await createCloser({
    pool,
    journal: ledger.journal,
    schemas: ledger.schemas,
    closeAfterUs,
  });
}

/** Another call of the same source, `after` µs later. */
const laterCall = (after: number, id: string) =>
  initiated({
    communicationId: `later-${id}`,
    eventId: `later-${id}`,
    occurredAt: NOON_US + after,
  });

async function only(views: TestViews) {
  const { rows } = await listCdrs(views.pool, { limit: 10, to: NOON_US });
  expect(rows).toHaveLength(1);
  const [row] = rows;
  if (row === undefined) throw new Error('no record');
  return row;
}

const answered = { type: 'call.answered', eventId: 'c1-answered', legId: 'b' };

describe('the closer', () => {
  it('closes a call when its own source has gone on long enough, and a real end always wins', async () => {
    await using views = await testViews({ now: NOON_US + 20 * HOUR });
    await views.hand([initiated(), initiated({ ...answered, occurredAt: NOON_US - 50_000_000 })]);
    await views.hand([
      initiated({ type: 'call.interim', eventId: 'c1-interim', occurredAt: NOON_US - 20_000_000 }),
    ]);
    await views.project();
    const closer = await closerOf(views);
    expect(await closer.step()).toBe(0);
    await views.hand([laterCall(closeAfterUs, '1')]);
    await views.project();
    expect(await closer.step()).toBe(1);
    await views.project();
    const closed = await only(views);
    expect(closed).toMatchObject({
      status: 'timed_out',
      disposition: 'answered',
      billableSeconds: 30,
    });
    expect(await closer.step()).toBe(0);

    await views.hand([ended({ occurredAt: NOON_US - 10_000_000 })]);
    await views.project();
    expect(await getCdr(views.pool, closed.id)).toMatchObject({
      status: 'corrected',
      billableSeconds: 40,
    });
    const feed = await readUsageFeed(views.ledger.journal, views.ledger.schemas, { limit: 10 });
    expect(
      feed.entries.map((entry) => [
        entry.type,
        entry.adjustmentKind,
        entry.quantity,
        entry.seconds,
      ]),
    ).toEqual([
      ['usage.recorded', undefined, 1, 30],
      ['usage.adjusted', 'reversal', -1, -30],
      ['usage.adjusted', 'successor', 1, 40],
    ]);
    expect(feed.entries[1]?.supersedes).toBe(feed.entries[0]?.eventId);
  });

  it('closes nothing of a source that fell silent, however far others have come, and shows it', async () => {
    await using views = await testViews({ now: NOON_US + 20 * HOUR });
    await views.hand([initiated()], { source: 'quiet' });
    await views.hand([laterCall(10 * HOUR, '2')], { source: 'busy' });
    await views.project();
    expect(await (await closerOf(views)).step()).toBe(0);
    const [busy, quiet] = await sourceStatus(views.pool);
    expect(busy?.lastAt).toBe(NOON_US + 10 * HOUR);
    expect(quiet?.lastAt).toBe(NOON_US - 60_000_000);
  });

  it('closes nothing while anything waits to be projected: the end might be in it', async () => {
    await using views = await testViews({ now: NOON_US + 20 * HOUR });
    await views.hand([initiated(), laterCall(closeAfterUs, '3')]);
    await views.project();
    const closer = await closerOf(views);
    await views.hand([ended()]);
    expect(await closer.step()).toBe(0);
    await views.project();
    expect(await closer.step()).toBe(0);
    expect(await only(views)).toMatchObject({ status: 'final' });
  });

  it('says the same of a call whoever says it: its event ids follow from the call', async () => {
    await using views = await testViews({ now: NOON_US + 20 * HOUR });
    await views.hand([initiated(), laterCall(closeAfterUs, '4')]);
    await views.project();
    expect(await (await closerOf(views)).step()).toBe(1);
    // Another closer that has not seen the first one's event finds the views behind the log.
    expect(await (await closerOf(views)).step()).toBe(0);
    await views.project();
    expect(await (await closerOf(views)).step()).toBe(0);
    expect(await views.ledger.journal.head('closer')).toMatchObject({ position: 1 });
  });
});
