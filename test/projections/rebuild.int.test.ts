import { describe, expect, it } from 'vitest';
import { createProjector, createRecorder, rebuild, VIEWS } from '#projections';
import type { RebuildProgress, View } from '#projections';
import { createPopulation, createTraffic, jsonLine, usualFaults } from '#traffic';
import type { TestViews } from './support/views.ts';
import { testViews } from './support/views.ts';

const START = Date.UTC(2026, 10, 16, 9) / 1000;
const now = (START + 6 * 3600) * 1e6;

function lines(scenesMax: number): string[] {
  const traffic = createTraffic({
    seed: 3,
    stretches: [{ fromSecond: START, firstScene: 0, perSecond: 2 }],
    depth: 1,
    population: createPopulation({ accounts: 12, outsiders: 500 }),
    faults: usualFaults,
    home: 'GB',
    scenesMax,
  });
  const all: string[] = [];
  for (let us = START * 1e6; !traffic.isOver(); us += 60e6)
    all.push(...traffic.until(us).map(jsonLine));
  return all;
}

const parts = ({ ledger, pool }: TestViews) => ({
  pool,
  journal: ledger.journal,
  schemas: ledger.schemas,
  pointers: ledger.vault.pointers,
});

describe('a rebuild', () => {
  it('makes the same rows, byte for byte, of every view, and says nothing to the usage log', async () => {
    await using views = await testViews({ now });
    const all = lines(200);
    // In pieces, so that what was open is later corrected and adjusted.
    for (let from = 0; from < all.length; from += 200) {
      await views.hand(all.slice(from, from + 200), { log: `${(from / 200) % 2}` });
      await views.project();
    }
    const before = await views.rows();
    const said = await views.ledger.journal.head('usage');
    for (const view of VIEWS) {
      const report = await rebuild({ ...parts(views), view, diff: true });
      expect(report).toMatchObject({
        view,
        differing: 0,
        onlyLive: 0,
        onlyRebuilt: 0,
        swapped: false,
      });
    }
    for (const view of ['cdr', 'usage'] as const) {
      const report = await rebuild({ ...parts(views), view });
      expect(report.swapped).toBe(true);
      expect(report.rows).toBeGreaterThan(10);
    }
    expect(await views.rows()).toEqual(before);
    await views.project();
    expect(await views.ledger.journal.head('usage')).toEqual(said);
    expect(await views.rows()).toEqual(before);
  });

  it('shows in a comparison what differs, and puts it right when swapped in', async () => {
    await using views = await testViews({ now });
    await views.hand(lines(40));
    await views.project();
    const before = await views.rows();
    await views.pool
      .query(`update views.cdr set disposition = 'wrong' where id = (select min(id::text)::uuid from views.cdr);
      delete from views.cdr where id = (select max(id::text)::uuid from views.cdr)`);
    const report = await rebuild({ ...parts(views), view: 'cdr', diff: true });
    expect(report).toMatchObject({ differing: 1, onlyLive: 0, onlyRebuilt: 1 });
    expect(report.examples).toHaveLength(2);
    await rebuild({ ...parts(views), view: 'cdr' });
    expect(await views.rows()).toEqual(before);
  });

  it('tells how far it is, and goes on live where it ended', async () => {
    await using views = await testViews({ now });
    const all = lines(60);
    await using live = await createProjector(parts(views));
    await views.hand(all.slice(0, 150));
    while ((await live.step()).events > 0);
    await live.flush();
    const progress: RebuildProgress[] = [];
    // Told nothing yet: the recorder runs first, else the swap would wait for it.
    const recorder = await createRecorder(parts(views));
    while ((await recorder.step()) > 0);
    await rebuild({ ...parts(views), view: 'history', onProgress: (told) => progress.push(told) });
    expect(progress.map(({ phase }) => phase)).toContain('swapping');
    expect(progress.at(-1)).toMatchObject({ phase: 'done', view: 'history' satisfies View });
    await views.hand(all.slice(150));
    await expect(stepToEnd(live)).rejects.toMatchObject({ code: 'superseded' });
    await stepToEnd(live);
    const after = await views.rows();
    await using other = await testViews({ now });
    await other.hand(all);
    await other.project();
    expect(after['history']).toHaveLength((await other.rows())['history']?.length ?? 0);
  });

  it('of a view that another assembler made asks first to be looked at, when rows come out otherwise', async () => {
    await using views = await testViews({ now });
    await views.hand(lines(30));
    await views.project();
    await views.pool.query(
      `update views.made_by set assembler = 0; update views.cdr set billable_seconds = billable_seconds + 1`,
    );
    await expect(rebuild({ ...parts(views), view: 'cdr' })).rejects.toMatchObject({
      code: 'differs',
    });
    expect((await rebuild({ ...parts(views), view: 'cdr', accept: true })).swapped).toBe(true);
  });
});

async function stepToEnd(projector: Awaited<ReturnType<typeof createProjector>>): Promise<void> {
  while ((await projector.step()).events > 0);
  await projector.flush();
}
