import { describe, expect, it } from 'vitest';
import type { Pool } from '#platform';
import { getCdr, listCdrs, listHistory, readUsageFeed, usageSums } from '#projections';
import { NOON_US } from '#test/support/vault.ts';
import type { Identifier } from '#vault';
import { initiated } from '../ingest/support/samples.ts';
import type { TestViews } from './support/views.ts';
import { testViews } from './support/views.ts';

const MONTH = 682;
const domain = { controller: 'operator', retentionClass: 'cpaas-eu' };
const access = { actor: 'test', role: 'agent', purpose: 'care' };

const call = (id: string, second: number, fields: Record<string, unknown> = {}) => [
  initiated({
    communicationId: id,
    eventId: `${id}-i`,
    occurredAt: NOON_US + second * 1e6,
    direction: 'outbound',
    ...fields,
  }),
  {
    type: 'call.ended',
    communicationId: id,
    eventId: `${id}-e`,
    legId: 'a',
    occurredAt: NOON_US + (second + 5) * 1e6,
    accountId: fields['accountId'] ?? 'acme',
    causeQ850: 17,
  },
];

async function slotOf({ ledger }: TestViews, number: string): Promise<Uint8Array | undefined> {
  const identifier: Identifier = {
    namespace: 'tel',
    scope: '',
    value: number,
    key: `tel\u0000\u0000${number}`,
  };
  const [found] = await ledger.vault.reader.lookup(access, identifier, [domain], [MONTH]);
  return found?.slot;
}

/** Rows that the statement's plan really looked at, by node. */
async function rowsLookedAt(pool: Pool, run: (db: Pool) => Promise<unknown>): Promise<unknown> {
  const seen: unknown[] = [];
  const explaining = {
    query: async ({ text, values }: { text: string; values: unknown[] }) => {
      const explained = await pool.query<{ 'QUERY PLAN': unknown[] }>(
        `explain (analyze, format json, buffers off, timing off, summary off, costs off) ${text}`,
        values,
      );
      seen.push(strip(explained.rows[0]?.['QUERY PLAN']));
      return await pool.query(text, values);
    },
  };
  // Stands in for the pool, and sees every statement.
  await run(explaining as unknown as Pool);
  return seen;
}

/** A plan without what it was asked for: node types, relations and row counts remain. */
function strip(plan: unknown): unknown {
  if (Array.isArray(plan)) return plan.map(strip);
  if (typeof plan !== 'object' || plan === null) return plan;
  const kept = [
    'Plan',
    'Plans',
    'Node Type',
    'Relation Name',
    'Index Name',
    'Actual Rows',
    'Actual Loops',
    'Rows Removed by Filter',
  ];
  return Object.fromEntries(
    Object.entries(plan)
      .filter(([key]) => kept.includes(key))
      .map(([key, value]) => [key, strip(value)]),
  );
}

describe('history', () => {
  it('shows an account its own communications alone, newest first, in pages without gap or overlap', async () => {
    await using views = await testViews({ now: NOON_US + 3600e6 });
    const own = Array.from({ length: 23 }, (_, at) => call(`own-${at}`, Math.floor(at / 2))).flat();
    const foreign = Array.from({ length: 5 }, (_, at) =>
      call(`foreign-${at}`, at, { accountId: 'other' }),
    ).flat();
    await views.hand([...own, ...foreign]);
    await views.project();
    const starts: number[] = [];
    const ids = new Set<string>();
    for (let cursor: string | undefined; ;) {
      const page = await listHistory(views.pool, {
        accountId: 'acme',
        limit: 5,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const row of page.rows) {
        ids.add(row.id);
        starts.push(row.startedAt);
        expect(row.counterpart?.ref.length).toBeGreaterThan(50);
        expect(row.disposition).toBe('busy');
      }
      cursor = page.next;
      if (cursor === undefined) break;
    }
    expect(ids.size).toBe(23);
    expect(starts).toEqual(starts.toSorted((a, b) => b - a));
    const some = await listHistory(views.pool, {
      accountId: 'acme',
      limit: 50,
      from: NOON_US + 3e6,
      to: NOON_US + 5e6,
    });
    expect(some.rows).toHaveLength(4);
    expect((await listCdrs(views.pool, { limit: 50, accountId: 'other' })).rows).toHaveLength(5);
    await expect(
      listHistory(views.pool, { accountId: 'acme', limit: 5, cursor: 'x' }),
    ).rejects.toMatchObject({ code: 'bad_cursor' });
  });

  it('finds by number; a number known only elsewhere looks at the same rows as an unknown one', async () => {
    await using views = await testViews({ now: NOON_US + 3600e6 });
    const mine = '+447700900111';
    const elsewhere = '+447700900222';
    const filler = Array.from({ length: 30 }, (_, at) => call(`f-${at}`, at)).flat();
    await views.hand([...filler, ...call('mine', 40, { calleeNumber: mine })]);
    await views.hand(
      Array.from({ length: 12 }, (_, at) =>
        call(`e-${at}`, at, { accountId: 'other', calleeNumber: elsewhere }),
      ).flat(),
    );
    await views.project();
    await views.pool.query('analyze');
    const search = (slot: Uint8Array | undefined) => (db: Pool) =>
      listHistory(db, { accountId: 'acme', limit: 20, slots: [slot, undefined] });
    expect((await search(await slotOf(views, mine))(views.pool)).rows).toHaveLength(1);
    const known = await slotOf(views, elsewhere);
    const unknown = await slotOf(views, '+447700900333');
    expect(known).toBeDefined();
    expect(unknown).toBeUndefined();
    expect((await search(known)(views.pool)).rows).toEqual([]);
    expect(await rowsLookedAt(views.pool, search(known))).toEqual(
      await rowsLookedAt(views.pool, search(unknown)),
    );
  });

  it('groups messages between two numbers, whoever writes, into one thread', async () => {
    await using views = await testViews({ now: NOON_US + 3600e6 });
    const sms = (id: string, type: string, second: number, from: string, to: string) => ({
      type,
      eventId: id,
      communicationId: id,
      legId: 'a',
      occurredAt: NOON_US + second * 1e6,
      accountId: 'acme',
      direction: type === 'sms.received' ? 'inbound' : 'outbound',
      senderNumber: from,
      recipientNumber: to,
      text: 'see you at ten',
    });
    const [me, you, they] = ['+447700900111', '+447700900222', '+447700900333'];
    await views.hand([
      sms('m1', 'sms.submitted', 1, me, you),
      sms('m2', 'sms.received', 2, you, me),
      sms('m3', 'sms.submitted', 3, me, they),
    ]);
    await views.project();
    const { rows } = await listHistory(views.pool, { accountId: 'acme', limit: 10 });
    const [m3, m2, m1] = rows;
    expect(m1?.threadKey).toEqual(m2?.threadKey);
    expect(m3?.threadKey).not.toEqual(m2?.threadKey);
    const thread = await listHistory(views.pool, {
      accountId: 'acme',
      limit: 10,
      thread: m1?.threadKey ?? Buffer.alloc(0),
    });
    expect(thread.rows.map(({ id }) => id)).toEqual([m2?.id, m1?.id]);
    expect(m2?.content).toBeDefined();
  });
});

describe('linked communications', () => {
  it('become one record under the lowest id; the other redirects and its usage is taken back', async () => {
    await using views = await testViews({ now: NOON_US + 3600e6 });
    await views.hand([...call('one', 0), ...call('two', 60)]);
    await views.project();
    const before = await listCdrs(views.pool, { limit: 10 });
    expect(before.rows).toHaveLength(2);
    await views.hand([
      {
        type: 'communication.linked',
        eventId: 'l',
        communicationId: 'two',
        occurredAt: NOON_US + 70e6,
        accountId: 'acme',
        linkedCommunicationId: 'one',
        linkKind: 'renamed',
      },
    ]);
    await views.project();
    const ids = before.rows.map(({ id }) => id).sort();
    const after = await listCdrs(views.pool, { limit: 10 });
    expect(after.rows.map(({ id }) => id)).toEqual([ids[0]]);
    for (const id of ids) expect((await getCdr(views.pool, id))?.id).toBe(ids[0]);
    expect((await listHistory(views.pool, { accountId: 'acme', limit: 10 })).rows).toHaveLength(1);
    const sums = await usageSums(views.pool, { from: 0, to: 1e6, groupBy: [] });
    expect(sums).toEqual([{ count: 1, seconds: 0, segments: 0 }]);
    const feed = await readUsageFeed(views.ledger.journal, views.ledger.schemas, { limit: 100 });
    expect(
      feed.entries
        .filter((entry) => entry.communicationId === ids[1])
        .map(({ quantity }) => quantity),
    ).toEqual([1, -1]);
    const late = [
      {
        type: 'call.recording.available',
        eventId: 'r',
        communicationId: 'two',
        legId: 'a',
        occurredAt: NOON_US + 80e6,
        accountId: 'acme',
        recordingId: 'rec-1',
      },
    ];
    await views.hand(late);
    await views.project();
    expect((await getCdr(views.pool, ids[0] ?? ''))?.recordings).toEqual(['rec-1']);
  });

  it('of another source cannot be joined: the same ids name others', async () => {
    await using views = await testViews({ now: NOON_US + 3600e6 });
    await views.hand(call('one', 0), { source: 'victim' });
    await views.hand(
      [
        ...call('mine', 9),
        {
          type: 'communication.linked',
          eventId: 'l',
          communicationId: 'mine',
          occurredAt: NOON_US + 70e6,
          accountId: 'acme',
          linkedCommunicationId: 'one',
          linkKind: 'renamed',
        },
        { ...call('one', 0)[1], causeQ850: 21 },
      ],
      { source: 'intruder' },
    );
    await views.project();
    const { rows } = await listCdrs(views.pool, { limit: 10 });
    const victim = rows.filter(({ source }) => source === 'victim');
    expect(victim).toHaveLength(1);
    expect(victim[0]).toMatchObject({ disposition: 'busy', conflicts: 0 });
  });
});
