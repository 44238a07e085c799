import { describe, expect, it } from 'vitest';
import { listCdrs, usageSums } from '#projections';
import type { CdrRow } from '#projections';
import type { Emission, ExpectedCommunication } from '#traffic';
import {
  createPopulation,
  createTraffic,
  jsonLine,
  noFaults,
  usageTotals,
  usualFaults,
} from '#traffic';
import type { Faults } from '#traffic';
import type { TestViews } from './support/views.ts';
import { testViews } from './support/views.ts';

const START = Date.UTC(2026, 10, 16, 9) / 1000;

interface Played {
  readonly emissions: readonly Emission[];
  readonly expected: readonly ExpectedCommunication[];
}

function play(faults: Faults, scenesMax = 400): Played {
  const expected: ExpectedCommunication[] = [];
  const traffic = createTraffic({
    seed: 7,
    stretches: [{ fromSecond: START, firstScene: 0, perSecond: 2 }],
    depth: 1,
    population: createPopulation({ accounts: 12, outsiders: 500 }),
    faults,
    home: 'GB',
    scenesMax,
    onExpected: (each) => expected.push(each),
  });
  const emissions: Emission[] = [];
  for (let us = START * 1e6; !traffic.isOver(); us += 60e6) emissions.push(...traffic.until(us));
  return { emissions, expected };
}

async function allCdrs(views: TestViews): Promise<CdrRow[]> {
  const rows: CdrRow[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await listCdrs(views.pool, {
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    });
    rows.push(...page.rows);
    cursor = page.next;
    if (cursor === undefined) return rows;
  }
}

/** What one would compare of a record and the generator's own account of it. */
const summary = (each: {
  kind: string;
  direction: string;
  accountId: string;
  startedAt: number;
  answeredAt?: number | undefined;
  disposition: string;
  billableSeconds: number;
  prefix: string;
}): string =>
  [
    each.startedAt,
    each.kind,
    each.accountId,
    each.direction,
    each.answeredAt ?? '-',
    each.disposition,
    each.billableSeconds,
    each.prefix,
  ].join(' ');

describe('views of a day’s traffic', () => {
  it('say of every communication what the generator knows of it', async () => {
    await using views = await testViews({ now: (START + 6 * 3600) * 1e6 });
    const { emissions, expected } = play(noFaults);
    await views.hand(emissions.map(jsonLine));
    await views.project();
    const rows = await allCdrs(views);
    const seen = rows.map((row) => summary({ ...row, prefix: row.prefix ?? '' })).sort();
    const known = expected
      .map((each) => summary({ ...each, prefix: each.destination.prefix }))
      .sort();
    expect(seen).toEqual(known);
  });

  it('add up to the generator’s totals of usage', async () => {
    await using views = await testViews({ now: (START + 6 * 3600) * 1e6 });
    const { emissions, expected } = play(noFaults);
    await views.hand(emissions.map(jsonLine));
    await views.project();
    const sums = await usageSums(views.pool, { from: 0, to: 1e6 });
    const seen = sums.map((sum) =>
      [
        sum.accountId,
        sum.day,
        sum.direction,
        sum.kind,
        sum.prefix ?? '',
        sum.zone ?? '',
        '=',
        sum.count,
        sum.seconds,
        sum.segments,
      ].join(' '),
    );
    const known = [...usageTotals(expected)].map(
      ([key, total]) => `${key} = ${total.count} ${total.seconds} ${total.segments}`,
    );
    expect(seen.sort()).toEqual(known.sort());
  });

  it('are the same rows however slices and logs are interleaved, repeats and late records included', async () => {
    const { emissions } = play(usualFaults, 250);
    const lines = emissions.map(jsonLine);
    await using views = await testViews({ now: (START + 6 * 3600) * 1e6 });
    for (let from = 0; from < lines.length; from += 300) {
      await views.hand(lines.slice(from, from + 300), { log: `${(from / 300) % 3}` });
    }
    await views.project();
    const once = await views.rows();
    expect(once['cdr']?.length).toBeGreaterThan(150);
    for (const [batchMax, entriesMax] of [
      [7, 5],
      [40, 60_000],
      [900, 30],
    ] as const) {
      await views.pool.query(`delete from views.checkpoint where family = 'records';
        truncate views.state, views.cdr, views.history, views.party, views.quarantine`);
      await views.project({ batchMax, entriesMax });
      const again = await views.rows();
      for (const table of ['cdr', 'history', 'party', 'quarantine'])
        expect(again[table], table).toEqual(once[table]);
    }
  });
});
