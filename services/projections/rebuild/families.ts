import type { View } from '../contract.ts';
import type { Family } from '../engine/checkpoints.ts';

/** Views that one pipeline writes: they are rebuilt and swapped together. */
export interface FamilyOfViews {
  readonly live: Family;
  readonly next: Family;
  /** Functions of the migrations that make its tables. */
  readonly makers: readonly string[];
  /** In the order in which a writer touches them, so that a swap waits and never deadlocks. */
  readonly tables: readonly string[];
}

const RECORDS: FamilyOfViews = {
  live: 'records',
  next: 'records.next',
  makers: ['create_cdr', 'create_history', 'create_quarantine'],
  tables: ['state', 'cdr', 'history', 'party', 'quarantine'],
};

const USAGE: FamilyOfViews = {
  live: 'usage',
  next: 'usage.next',
  makers: ['create_usage'],
  tables: ['usage'],
};

export function familyOf(view: View): FamilyOfViews {
  return view === 'usage' ? USAGE : RECORDS;
}

/** What identifies a row of each view, and what of it readers see. */
export const COMPARED: Readonly<
  Record<View, readonly { readonly table: string; readonly key: string; readonly id: string }[]>
> = {
  cdr: [{ table: 'cdr', key: 'id, started_at', id: 'id' }],
  history: [
    { table: 'history', key: 'account_id, started_at, id', id: 'id' },
    { table: 'party', key: 'epoch, account_id, slot, started_at, id', id: 'id' },
  ],
  quarantine: [{ table: 'quarantine', key: 'log_no, position', id: 'event_id' }],
  usage: [
    { table: 'usage', key: 'account_id, day, direction, kind, prefix, zone', id: 'account_id' },
  ],
};
