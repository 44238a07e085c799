import { describe, expect, it } from 'vitest';
import {
  createProjector,
  createRecorder,
  createUsageSums,
  readUsageFeed,
  rebuild,
  usageSums,
  viewStatus,
} from '#projections';
import { NOON_US } from '#test/support/vault.ts';
import { ended, initiated } from '../ingest/support/samples.ts';
import type { TestViews } from './support/views.ts';
import { testViews } from './support/views.ts';

const now = NOON_US + 3_600e6;

const parts = ({ ledger, pool }: TestViews) => ({
  pool,
  journal: ledger.journal,
  schemas: ledger.schemas,
  pointers: ledger.vault.pointers,
});

const answered = initiated({
  type: 'call.answered',
  eventId: 'c1-answered',
  legId: 'b',
  occurredAt: NOON_US - 30_000_000,
});

async function feedOf({ ledger }: TestViews) {
  return (await readUsageFeed(ledger.journal, ledger.schemas, { limit: 1000 })).entries;
}

/** A process that dies at a named point. */
const dyingAt = (point: string) => (name: string) => {
  if (name === point) throw new Error(`died at ${point}`);
};

describe('the usage log', () => {
  it('is told once, wherever projector or recorder die', async () => {
    await using views = await testViews({ now });
    await views.hand([initiated(), answered, ended()]);
    for (const point of ['projections.mid_projection', 'projections.after_commit']) {
      await using dying = await createProjector({ ...parts(views), failpoint: dyingAt(point) });
      await dying.step();
      await expect(dying.flush()).rejects.toThrow(point);
    }
    const dying = await createRecorder({
      ...parts(views),
      failpoint: dyingAt('projections.usage_appended'),
    });
    await expect(dying.step()).rejects.toThrow('usage_appended');
    await expect(dying.step()).rejects.toThrow('usage_appended');
    await views.project();
    await views.project();
    expect((await feedOf(views)).map(({ quantity, seconds }) => [quantity, seconds])).toEqual([
      [1, 30],
    ]);
    expect(await usageSums(views.pool, { from: 0, to: 1e6, groupBy: ['kind'] })).toEqual([
      { kind: 'call', count: 1, seconds: 30, segments: 0 },
    ]);
  });

  it('never changes what its feed has delivered', async () => {
    await using views = await testViews({ now });
    await views.hand([initiated(), answered, ended()]);
    await views.project();
    const first = await readUsageFeed(views.ledger.journal, views.ledger.schemas, { limit: 1 });
    await views.hand([
      initiated({
        type: 'call.answered',
        eventId: 'c1-earlier',
        legId: 'b',
        occurredAt: NOON_US - 40_000_000,
      }),
    ]);
    await views.project();
    expect(
      (await readUsageFeed(views.ledger.journal, views.ledger.schemas, { limit: 1 })).entries,
    ).toEqual(first.entries);
    const rest = await readUsageFeed(views.ledger.journal, views.ledger.schemas, {
      limit: 10,
      cursor: first.next,
    });
    expect(rest.entries.map(({ quantity, seconds }) => [quantity, seconds])).toEqual([
      [-1, -30],
      [1, 40],
    ]);
    expect(rest.atEnd).toBe(true);
  });

  it('hears of a repeat nothing, and of a conflict only that the record shows it', async () => {
    await using views = await testViews({ now });
    await views.hand([initiated(), answered, ended()]);
    await views.hand([ended(), ended({ causeQ850: 17 })], { log: 'other' });
    await views.project();
    expect(await feedOf(views)).toHaveLength(1);
    const cdr = await views.pool.query<{ conflicts: number; q850: number }>(
      'select conflicts, q850 from views.cdr',
    );
    expect(cdr.rows).toEqual([{ conflicts: 1, q850: 16 }]);
  });

  it('stands still before an outbox that was brought back from an older time, until a rebuild mends it', async () => {
    await using views = await testViews({ now });
    await views.hand([initiated(), answered, ended()]);
    await views.project();
    // As after restoring the views alone: nothing of what was said is known.
    await views.pool
      .query(`update views.usage_outbox_head set number = 0; update views.state set said = null;
      delete from views.checkpoint where family = 'records'`);
    const recorder = await createRecorder(parts(views));
    await expect(recorder.step()).rejects.toMatchObject({ code: 'rebuild_needed' });
    await rebuild({ ...parts(views), view: 'cdr', accept: true });
    expect(await recorder.step()).toBe(0);
    await views.hand([
      initiated({
        type: 'call.answered',
        eventId: 'c1-earlier',
        legId: 'b',
        occurredAt: NOON_US - 40_000_000,
      }),
    ]);
    await views.project();
    expect((await feedOf(views)).map(({ seconds }) => seconds)).toEqual([30, -30, 40]);
  });
});

describe('the views', () => {
  it('tell how far they are behind each log, in events and time', async () => {
    await using views = await testViews({ now });
    await views.hand([initiated(), ended()]);
    const behind = await viewStatus(views.pool, views.ledger.journal);
    expect(behind.find(({ view }) => view === 'cdr')).toMatchObject({
      log: 'i/test',
      position: 0,
      head: 2,
      lagEvents: 2,
    });
    expect(behind.find(({ view }) => view === 'cdr')?.lagMs).toBeGreaterThanOrEqual(0);
    await views.project();
    for (const lag of await viewStatus(views.pool, views.ledger.journal))
      expect(lag).toMatchObject({ lagEvents: 0, lagMs: 0 });
  });

  it('refuse a second rebuild at the same time', async () => {
    await using views = await testViews({ now });
    const client = await views.pool.connect();
    try {
      await client.query(`select pg_advisory_lock(hashtext('tollbook rebuild'))`);
      await expect(rebuild({ ...parts(views), view: 'usage' })).rejects.toMatchObject({
        code: 'busy',
      });
    } finally {
      await client.query('select pg_advisory_unlock_all()');
      client.release();
    }
  });

  it('say so when a stored state is no state, and come right by a rebuild', async () => {
    await using views = await testViews({ now });
    await views.hand([initiated(), answered]);
    await views.project();
    await views.pool.query(`update views.state set state = '\\x99'`);
    await views.hand([ended()]);
    await expect(views.project()).rejects.toMatchObject({ code: 'corrupt_view' });
    await rebuild({ ...parts(views), view: 'cdr', accept: true });
    await views.project();
    expect(await feedOf(views)).toHaveLength(1);
  });

  it('put quarantined records on their list, with what became of them', async () => {
    await using views = await testViews({ now });
    await views.hand(['{"type":"call.initiated",]', initiated()]);
    await views.project();
    const { countQuarantined, getQuarantined, listQuarantine } = await import('#projections');
    const { rows } = await listQuarantine(views.pool, { limit: 10 });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ source: 'switch-1', log: 'i/test' });
    expect(rows[0]?.sealed.length).toBeGreaterThan(20);
    expect(await getQuarantined(views.pool, rows[0]?.id ?? '')).toEqual(rows[0]);
    expect(await countQuarantined(views.pool)).toBe(1);
  });

  it('project usage sums again from the log alone', async () => {
    await using views = await testViews({ now });
    await views.hand([initiated(), answered, ended()]);
    await views.project();
    const sums = createUsageSums({ ...parts(views) });
    expect(await sums.step()).toBe(0);
  });
});
