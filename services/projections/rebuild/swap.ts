import type { Client } from '#platform';
import type { Hex } from '#records';
import type { Entry } from '../engine/entry.ts';
import { makePlan } from '../engine/plan.ts';
import { plainId } from '../engine/resolve.ts';
import { readStoredState } from '../engine/stored-state.ts';
import type { OutboxEntry, Said } from '../engine/statements.ts';
import { decodeSaid, encodeSaid } from '../engine/statements.ts';
import { writeOutbox } from '../engine/write.ts';
import { byteaArray, uuidArray } from '../sql/arrays.ts';
import type { FamilyOfViews } from './families.ts';

/** Locks the live tables against every writer and reader, in the order in which writers take them. */
export async function lockLive(client: Client, { tables }: FamilyOfViews): Promise<void> {
  await client.query(`set local lock_timeout = '10s'`);
  for (const table of tables)
    await client.query(`lock table views.${table} in access exclusive mode`);
  await client.query('lock table views.checkpoint, views.usage_outbox in exclusive mode');
}

/**
 * Where outbox and usage log do not fit each other (one of them was brought back from an older copy)
 * the recorder stands still. What waits is dropped: the rebuilt records know what they owe the log.
 *
 * @param saidThrough number of the last outbox row that the log was told
 */
export async function mendOutbox(client: Client, saidThrough: number): Promise<void> {
  const result = await client.query<{ number: number; first: number | null }>(
    'select number, (select min(number) from views.usage_outbox where number > $1) as first from views.usage_outbox_head',
    [saidThrough],
  );
  const { number = 0, first = null } = result.rows[0] ?? {};
  if (
    number >= saidThrough &&
    (first === null ? number === saidThrough : first === saidThrough + 1)
  )
    return;
  await client.query('delete from views.usage_outbox');
  await client.query('update views.usage_outbox_head set number = $1', [saidThrough]);
}

/** Puts the rebuilt tables and checkpoints in the place of the live ones. */
export async function swapTables(
  client: Client,
  family: FamilyOfViews,
  assembler: number,
): Promise<void> {
  await client.query(`drop table ${family.tables.map((table) => `views.${table}`).join(', ')}`);
  const made = await client.query<{ name: string }>(
    `select format('views_next.%I', relname) as name from pg_class
      where relnamespace = 'views_next'::regnamespace and relkind in ('r', 'p')`,
  );
  for (const { name } of made.rows) await client.query(`alter table ${name} set schema views`);
  await client.query('delete from views.checkpoint where family = $1', [family.live]);
  await client.query(
    `update views.checkpoint set family = $1 where family = $2 and ($1 = 'usage' or log <> 'usage')`,
    [family.live, family.next],
  );
  await client.query('delete from views.checkpoint where family = $1', [family.next]);
  await client.query('update views.generation set number = number + 1');
  await client.query(
    `update views.made_by set assembler = $1 where (view = 'usage') = ($2 = 'usage')`,
    [assembler, family.live],
  );
}

const OWING_AT_ONCE = 500;

interface OwingRow {
  readonly id: string;
  readonly state: Buffer;
  readonly said: Buffer | null;
  readonly refs: Buffer;
}

/**
 * Puts into the outbox what the rebuilt records say otherwise than the usage log: nothing where the
 * same assembler read the same events. Answers how many statements.
 */
export async function settleOwed(client: Client): Promise<number> {
  let settled = 0;
  for (;;) {
    const owing = await client.query<OwingRow>(
      `select s.id, s.state, s.said, c.refs from views_next.state s
         join views_next.cdr c on c.id = s.id and c.started_at = s.started_at
        where s.id in (select coalesce(redirect, id) from views_next.state where owes is not null)
        order by s.id limit $1`,
      [OWING_AT_ONCE],
    );
    if (owing.rows.length === 0) return settled;
    const outbox: OutboxEntry[] = [];
    const told: Said[] = [];
    const members: Hex[] = [];
    for (const row of owing.rows) {
      const plan = makePlan(await entryOf(client, row), true);
      outbox.push(...plan.outbox);
      told.push(...plan.said);
      members.push(...plan.members);
    }
    await writeOutbox(client, outbox);
    await client.query(
      `update views_next.state s set said = u.said from unnest($1::uuid[], $2::bytea[]) as u (id, said) where s.id = u.id`,
      [uuidArray(told.map(({ id }) => id)), byteaArray(told.map(encodeSaid))],
    );
    await client.query('update views_next.state set owes = null where id = any($1::uuid[])', [
      uuidArray(members),
    ]);
    settled += outbox.length;
  }
}

/** A communication with everything said of it under any of its ids. */
async function entryOf(client: Client, row: OwingRow): Promise<Entry> {
  const state = readStoredState(row.state, row.refs);
  const said = await client.query<{ id: string; said: Buffer }>(
    'select id, said from views_next.state where id = any($1::uuid[]) and said is not null order by id',
    [uuidArray(state.members)],
  );
  return {
    state,
    known: new Set(state.members),
    rows: [],
    said: said.rows.map((one) => decodeSaid(plainId(one.id), one.said)),
  };
}
