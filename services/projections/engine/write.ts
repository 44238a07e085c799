import type { Client } from '#platform';
import type { Hex } from '#records';
import { CDR_COLUMNS, writeCdrRow } from '../cdr/row.ts';
import { byteaArray, int8Array, nullableUuidArray, textArray, uuidArray } from '../sql/arrays.ts';
import type { CopyRows } from '../sql/copy-in.ts';
import { createCopyRows } from '../sql/copy-in.ts';
import type { RowKeys } from './entry.ts';
import type { Partitions } from './partitions.ts';
import type { Plan } from './plan.ts';
import { sameHistory } from './plan.ts';
import type { OutboxEntry, Said } from './statements.ts';
import { encodeOutbox, encodeSaid, encodeStatement } from './statements.ts';

/** Rows of the views that a transaction takes away and puts in, collected over its plans. */
export interface RowChanges {
  collect(plan: Plan): void;
  write(client: Client, partitions: Partitions): Promise<void>;
  /** Drops what was collected: after a failed transaction. */
  clear(): void;
}

export function createRowChanges(schema: string): RowChanges {
  const cdr = createCopyRows();
  const history = createCopyRows();
  const parties = createCopyRows();
  const gone = { cdr: [] as RowKeys[], history: [] as RowKeys[], parties: [] as RowKeys[] };
  const starts = new Set<number>();
  const epochs = new Set<string>();

  return {
    collect(plan) {
      const { keys, entry } = plan;
      for (const old of entry.rows) gone.cdr.push(old);
      writeCdrRow(cdr, plan);
      starts.add(keys.startedAt);
      const [old] = entry.rows;
      const settled = entry.rows.length === 1 && old !== undefined && sameHistory(old, keys);
      if (!settled) {
        for (const one of entry.rows) gone.history.push(one);
        writeHistoryRows(history, keys);
      }
      if (settled && sameParties(old, keys)) {
        entry.rows = [keys];
        return;
      }
      for (const one of entry.rows) gone.parties.push(one);
      writePartyRows(parties, keys);
      for (const { epoch } of keys.parties) epochs.add(epoch);
      entry.rows = [keys];
    },

    async write(client, partitions) {
      await partitions.ensure(client, starts, epochs);
      starts.clear();
      epochs.clear();
      await removeCdr(client, schema, gone.cdr.splice(0));
      await removeHistory(client, schema, gone.history.splice(0));
      await removeParties(client, schema, gone.parties.splice(0));
      await copy(client, cdr, `${schema}.cdr (${CDR_COLUMNS.join(', ')})`);
      await copy(
        client,
        history,
        `${schema}.history (account_id, started_at, id, kind, direction, thread)`,
      );
      await copy(client, parties, `${schema}.party (epoch, account_id, slot, started_at, id)`);
    },

    clear() {
      for (const rows of [cdr, history, parties]) rows.clear();
      for (const list of Object.values(gone)) list.length = 0;
      starts.clear();
      epochs.clear();
    },
  };
}

function sameParties(a: RowKeys, b: RowKeys): boolean {
  return (
    a.parties.length === b.parties.length &&
    a.parties.every((key, at) => {
      const other = b.parties[at];
      return (
        other !== undefined &&
        key.slot === other.slot &&
        key.account === other.account &&
        key.epoch === other.epoch
      );
    })
  );
}

function writeHistoryRows(out: CopyRows, { id, startedAt, history }: RowKeys): void {
  for (const { account, direction, kind, thread } of history) {
    out.row(6);
    out.text(account);
    out.int8(startedAt);
    out.uuid(id);
    out.text(kind);
    out.text(direction);
    out.bytes(thread === undefined ? undefined : Buffer.from(thread, 'hex'));
  }
}

function writePartyRows(out: CopyRows, { id, startedAt, parties }: RowKeys): void {
  for (const { epoch, account, slot } of parties) {
    out.row(5);
    out.text(epoch);
    out.text(account);
    out.bytes(Buffer.from(slot, 'hex'));
    out.int8(startedAt);
    out.uuid(id);
  }
}

async function copy(client: Client, rows: CopyRows, target: string): Promise<void> {
  if (rows.rows > 0) await rows.send(client, `copy ${target} from stdin (format binary)`);
}

async function removeCdr(client: Client, schema: string, keys: readonly RowKeys[]): Promise<void> {
  if (keys.length === 0) return;
  await client.query({
    name: `${schema} remove cdr`,
    text: `delete from ${schema}.cdr c using unnest($1::uuid[], $2::int8[]) as u (id, started_at)
            where c.id = u.id and c.started_at = u.started_at`,
    values: [uuidArray(keys.map((key) => key.id)), int8Array(keys.map((key) => key.startedAt))],
  });
}

async function removeHistory(
  client: Client,
  schema: string,
  keys: readonly RowKeys[],
): Promise<void> {
  const rows = keys.flatMap(({ id, startedAt, history }) =>
    history.map(({ account }) => ({ id, startedAt, account })),
  );
  if (rows.length === 0) return;
  await client.query({
    name: `${schema} remove history`,
    text: `delete from ${schema}.history h using unnest($1::text[], $2::int8[], $3::uuid[]) as u (account_id, started_at, id)
            where h.account_id = u.account_id and h.started_at = u.started_at and h.id = u.id`,
    values: [
      textArray(rows.map((row) => row.account)),
      int8Array(rows.map((row) => row.startedAt)),
      uuidArray(rows.map((row) => row.id)),
    ],
  });
}

async function removeParties(
  client: Client,
  schema: string,
  keys: readonly RowKeys[],
): Promise<void> {
  const rows = keys.flatMap(({ id, startedAt, parties }) =>
    parties.map((party) => ({ id, startedAt, ...party })),
  );
  if (rows.length === 0) return;
  await client.query({
    name: `${schema} remove party`,
    text: `delete from ${schema}.party p
            using unnest($1::text[], $2::text[], $3::bytea[], $4::int8[], $5::uuid[]) as u (epoch, account_id, slot, started_at, id)
            where p.epoch = u.epoch and p.account_id = u.account_id and p.slot = u.slot
              and p.started_at = u.started_at and p.id = u.id`,
    values: [
      textArray(rows.map((row) => row.epoch)),
      textArray(rows.map((row) => row.account)),
      byteaArray(rows.map((row) => Buffer.from(row.slot, 'hex'))),
      int8Array(rows.map((row) => row.startedAt)),
      uuidArray(rows.map((row) => row.id)),
    ],
  });
}

/** Tries to be the first to write these states. Answers whether every one was. */
export async function claimStates(
  client: Client,
  schema: string,
  plans: readonly Plan[],
): Promise<boolean> {
  if (plans.length === 0) return true;
  const result = await client.query({
    name: `${schema} claim`,
    text: `insert into ${schema}.state (id, started_at, state, said, owes)
           select *
             from unnest($1::uuid[], $2::int8[], $3::bytea[], $4::bytea[], $5::bytea[]) as u (id, started_at, state, said, owes)
           on conflict (id) do nothing`,
    values: [
      uuidArray(plans.map((plan) => plan.record.id)),
      int8Array(plans.map((plan) => plan.record.startedAt)),
      byteaArray(plans.map((plan) => plan.stateBytes)),
      byteaArray(plans.map((plan) => saidOf(plan, plan.record.id))),
      byteaArray(plans.map((plan) => owedBy(plan, plan.record.id))),
    ],
  });
  return result.rowCount === plans.length;
}

/** Writes the states of plans whose rows are there, or (for members of links) may be. */
export async function writeStates(
  client: Client,
  schema: string,
  plans: readonly Plan[],
): Promise<void> {
  const alone = plans.filter((plan) => plan.members.length === 1);
  if (alone.length > 0) {
    await client.query({
      name: `${schema} restate`,
      text: `update ${schema}.state s
                set started_at = u.started_at, state = u.state, said = u.said, owes = u.owes
               from unnest($1::uuid[], $2::int8[], $3::bytea[], $4::bytea[], $5::bytea[]) as u (id, started_at, state, said, owes)
              where s.id = u.id`,
      values: [
        uuidArray(alone.map((plan) => plan.record.id)),
        int8Array(alone.map((plan) => plan.record.startedAt)),
        byteaArray(alone.map((plan) => plan.stateBytes)),
        byteaArray(alone.map((plan) => saidOf(plan, plan.record.id))),
        byteaArray(alone.map((plan) => owedBy(plan, plan.record.id))),
      ],
    });
  }
  const linked = plans.flatMap((plan) =>
    plan.members.map((id) => ({ plan, id, keeps: id === plan.record.id })),
  );
  const united = linked.filter(({ plan }) => plan.members.length > 1);
  if (united.length > 0) await writeUnited(client, schema, united);
}

interface Member {
  readonly plan: Plan;
  readonly id: Hex;
  readonly keeps: boolean;
}

async function writeUnited(
  client: Client,
  schema: string,
  members: readonly Member[],
): Promise<void> {
  await client.query({
    name: `${schema} unite`,
    text: `insert into ${schema}.state (id, started_at, state, said, redirect, owes)
           select *
             from unnest($1::uuid[], $2::int8[], $3::bytea[], $4::bytea[], $5::uuid[], $6::bytea[])
                  as u (id, started_at, state, said, redirect, owes)
            order by id
           on conflict (id) do update set started_at = excluded.started_at, state = excluded.state,
             said = excluded.said, redirect = excluded.redirect, owes = excluded.owes`,
    values: [
      uuidArray(members.map((member) => member.id)),
      int8Array(members.map(({ plan, keeps }) => (keeps ? plan.record.startedAt : undefined))),
      byteaArray(members.map(({ plan, keeps }) => (keeps ? plan.stateBytes : undefined))),
      byteaArray(members.map(({ plan, id }) => saidOf(plan, id))),
      nullableUuidArray(members.map(({ plan, keeps }) => (keeps ? undefined : plan.record.id))),
      byteaArray(members.map(({ plan, id }) => owedBy(plan, id))),
    ],
  });
}

function saidOf(plan: Plan, id: Hex): Buffer | undefined {
  const said = plan.said.find((one) => one.id === id);
  return said === undefined ? undefined : encodeSaid(said);
}

function owedBy(plan: Plan, id: Hex): Buffer | undefined {
  const entry = plan.owes.find((one) => one.id === id);
  return entry === undefined ? undefined : encodeStatement(entry.after);
}

/** In a rebuild: news of the usage log about communications that are written already. */
export async function writeNews(
  client: Client,
  schema: string,
  news: readonly Said[],
): Promise<void> {
  if (news.length === 0) return;
  await client.query({
    name: `${schema} news`,
    text: `update ${schema}.state s
              set said = u.said,
                  owes = nullif(coalesce(s.owes, substring(s.said from 5)), substring(u.said from 5))
             from unnest($1::uuid[], $2::bytea[]) as u (id, said)
            where s.id = u.id`,
    values: [uuidArray(news.map(({ id }) => id)), byteaArray(news.map(encodeSaid))],
  });
}

/** Entries of one row: they go to the usage log in one slice, which has a largest size. */
const OUTBOX_ENTRIES_MAX = 1_000;

export async function writeOutbox(client: Client, entries: readonly OutboxEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += OUTBOX_ENTRIES_MAX) {
    await client.query({
      name: 'views outbox',
      text: `with head as (update views.usage_outbox_head set number = number + 1 returning number)
             insert into views.usage_outbox (number, entries) select number, $1 from head`,
      values: [encodeOutbox(entries.slice(from, from + OUTBOX_ENTRIES_MAX))],
    });
  }
}
