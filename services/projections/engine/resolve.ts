import type { Client } from '#platform';
import type { Hex } from '#records';
import { addMember, assemble, unite } from '#records';
import { uuidArray } from '../sql/arrays.ts';
import type { Entries, Entry } from './entry.ts';
import { keysOf } from './plan.ts';
import { readStoredState } from './stored-state.ts';
import { decodeSaid } from './statements.ts';

interface StateRow {
  readonly id: string;
  readonly state: Buffer | null;
  readonly said: Buffer | null;
  readonly redirect: string | null;
  readonly refs: Buffer | null;
}

/**
 * Takes into memory what the database already holds of these entries, following links until nothing
 * new turns up. Rows are locked in id order.
 *
 * @param entries communications of which some member may have a row that memory knows nothing of
 * @returns the entries that had something there, with its bytes where it was one stored state
 */
export async function resolve(
  client: Client,
  schema: string,
  { entries, wanted }: { readonly entries: Entries; readonly wanted: readonly Entry[] },
): Promise<Map<Entry, Buffer | undefined>> {
  const found = new Map<Entry, Buffer | undefined>();
  const standing = new Set(wanted);
  const asked = new Set<Hex>();
  for (;;) {
    const ids = new Set<Hex>();
    for (const entry of standing) {
      for (const id of entry.state.members) if (!entry.known.has(id) && !asked.has(id)) ids.add(id);
    }
    if (ids.size === 0) return found;
    for (const id of ids) asked.add(id);
    for (const row of await load(client, schema, [...ids])) {
      const entry = entries.find(plainId(row.id));
      if (entry === undefined) continue;
      takeIn(entry, row);
      found.set(entry, found.has(entry) ? undefined : (row.state ?? undefined));
    }
    for (const entry of [...standing]) {
      for (const absorbed of entries.settleMembers(entry)) {
        standing.delete(absorbed);
        found.delete(absorbed);
        found.set(entry, undefined);
      }
    }
  }
}

async function load(client: Client, schema: string, ids: readonly Hex[]): Promise<StateRow[]> {
  const result = await client.query<StateRow>({
    name: `${schema} load`,
    text: `select s.id, s.state, s.said, s.redirect, c.refs
             from (select * from ${schema}.state where id = any($1::uuid[]) and xmin <> pg_current_xact_id()::xid
                    order by id for update) s
             left join ${schema}.cdr c on c.id = s.id and c.started_at = s.started_at`,
    values: [uuidArray(ids)],
  });
  return result.rows;
}

function takeIn(entry: Entry, row: StateRow): void {
  const id = plainId(row.id);
  if (entry.known.has(id)) return;
  entry.known.add(id);
  // What memory has of the usage log is newer.
  if (row.said !== null && entry.said.every((said) => said.id !== id))
    entry.said.push(decodeSaid(id, row.said));
  if (row.redirect !== null) addMember(entry.state, plainId(row.redirect));
  if (row.state === null) return;
  const stored = readStoredState(row.state, row.refs);
  entry.rows.push(keysOf(stored, assemble(stored)));
  unite(entry.state, stored);
}

/** 32 hex digits, as everywhere in memory. */
export function plainId(uuid: string): Hex {
  return uuid.replaceAll('-', '');
}
