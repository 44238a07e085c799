import type { Client, Pool } from '#platform';
import type { Direction } from '#records';
import type { CdrColumns } from '../cdr/columns.ts';
import { given } from '../cdr/columns.ts';
import { unpackParties } from '../cdr/pack.ts';
import type { BoxRef, HistoryQuery, HistoryRow, Page, PartyRow } from '../contract.ts';
import { decodeTimeCursor, encodeCursor } from '../cursor.ts';
import { byteaArray } from '../sql/arrays.ts';

interface HistoryColumns extends CdrColumns {
  readonly own_direction: Direction;
  readonly thread: Buffer | null;
}

const TO_MAX = 2 ** 52;
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/** No slot has these bytes: a month without a slot is asked for like one that has it. */
const NO_SLOT = Buffer.alloc(1);

/** What an account's users see: its own communications alone, newest first. */
export async function listHistory(
  db: Pool | Client,
  query: HistoryQuery,
): Promise<Page<HistoryRow>> {
  const { accountId, limit, cursor, from = 0, to = TO_MAX, slots, thread } = query;
  const after = cursor === undefined ? { at: TO_MAX, id: LAST_ID } : decodeTimeCursor(cursor);
  const values: unknown[] = [accountId, from, to, after.at, after.id];
  let filter = '';
  if (thread !== undefined) {
    values.push(Buffer.from(thread));
    filter = `and h.thread = $${values.length}`;
  }
  if (slots !== undefined) {
    values.push(byteaArray(slots.map((slot) => slot ?? NO_SLOT)));
    // The index leads by (account, slot): rows of other accounts are never looked at.
    filter += ` and (h.started_at, h.id) in (select p.started_at, p.id from views.party p
                 where p.account_id = $1 and p.slot = any($${values.length}::bytea[])
                   and p.started_at >= $2 and p.started_at < $3 and (p.started_at, p.id) < ($4, $5::uuid)
                 order by p.started_at desc, p.id desc limit ${(Math.trunc(limit) + 1) * PARTIES_A_COMMUNICATION})`;
  }
  const result = await db.query<HistoryColumns>({
    name: `views history ${thread === undefined ? '' : 't'}${slots === undefined ? '' : 's'}${limit}`,
    text: `select c.*, h.direction as own_direction, h.thread
             from views.history h join views.cdr c on c.id = h.id and c.started_at = h.started_at
            where h.account_id = $1 and h.started_at >= $2 and h.started_at < $3
              and (h.started_at, h.id) < ($4, $5::uuid) ${filter}
            order by h.started_at desc, h.id desc limit ${Math.trunc(limit) + 1}`,
    values,
  });
  const rows = result.rows.slice(0, limit).map(toHistoryRow);
  const last = rows.at(-1);
  if (result.rows.length <= limit || last === undefined) return { rows };
  return { rows, next: encodeCursor([last.startedAt, last.communicationId]) };
}

/** A number searched for may stand in one communication under several slots (a month border, a role). */
const PARTIES_A_COMMUNICATION = 8;

function toHistoryRow(row: HistoryColumns): HistoryRow {
  const parties = unpackParties(row.parties, row.refs);
  const { own, counterpart } = seats(row, parties);
  const content = parties.find((party) => party.category === 'content');
  const spoken =
    row.kind === 'call'
      ? row.billable_seconds
      : Math.ceil((row.detail?.voicemail?.durationMs ?? 0) / 1000);
  return {
    id: row.id,
    communicationId: row.id,
    kind: row.kind,
    direction: row.own_direction,
    status: row.status,
    startedAt: row.started_at,
    durationSeconds: spoken,
    disposition: row.disposition,
    ...given({
      endedAt: row.ended_at,
      segments: row.segments,
      counterpart: boxRef(counterpart),
      own: boxRef(own),
      content: boxRef(content),
      threadKey: row.thread,
      voicemail: row.detail?.voicemail,
    }),
  };
}

/** Who is the account's own number and who the other, by kind and direction. */
function seats(
  row: HistoryColumns,
  parties: readonly PartyRow[],
): { own: PartyRow | undefined; counterpart: PartyRow | undefined } {
  const seat = (...roles: readonly string[]): PartyRow | undefined =>
    parties.find((party) => party.category === 'traffic' && roles.includes(party.role));
  if (row.kind === 'voicemail')
    return { own: seat('mailbox', 'callee'), counterpart: seat('caller', 'sender') };
  const initiator = row.kind === 'sms' ? seat('sender') : seat('caller');
  const target = row.kind === 'sms' ? seat('recipient') : seat('callee', 'member', 'mailbox');
  return row.own_direction === 'inbound'
    ? { own: target, counterpart: initiator }
    : { own: initiator, counterpart: target };
}

function boxRef(party: PartyRow | undefined): BoxRef | undefined {
  return party === undefined ? undefined : { ref: party.ref, index: party.index };
}
