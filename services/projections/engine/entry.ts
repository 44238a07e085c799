import type { CommunicationState, Hex } from '#records';
import { emptyState, unite } from '#records';
import type { Said } from './statements.ts';

/** A communication in memory, with what is known of its rows in the database. */
export interface Entry {
  readonly state: CommunicationState;
  /** Members that have a row of their own there, and whose set is part of this one. */
  readonly known: Set<Hex>;
  /** What stands in the views for it; several after a link until they are written as one. */
  rows: RowKeys[];
  said: Said[];
}

/** Keys of the rows that one record has in the views. */
export interface RowKeys {
  readonly id: Hex;
  readonly startedAt: number;
  readonly history: readonly HistoryKey[];
  readonly parties: readonly PartyKey[];
}

export interface HistoryKey {
  readonly account: string;
  readonly direction: string;
  readonly kind: string;
  readonly thread: Hex | undefined;
}

export interface PartyKey {
  readonly epoch: string;
  readonly account: string;
  readonly slot: Hex;
}

/**
 * Communications lately heard of, by every id they have. Bounded: what is dropped comes back from
 * the database when it is heard of again.
 */
export interface Entries {
  /** The entry of an id, made when there is none. */
  at(id: Hex): Entry;
  find(id: Hex): Entry | undefined;
  /** Makes `into` stand for all its members, taking in what stood for them before. */
  settleMembers(into: Entry): readonly Entry[];
  /** Nothing more is expected of it: it is forgotten before any that is still open. */
  expectNoMore(entry: Entry): void;
  /** Forgets the longest unheard of, except those that are `busy`. */
  trim(busy: (entry: Entry) => boolean): void;
  clear(): void;
  readonly size: number;
}

/** Repeats and afterthoughts mostly come soon. */
const OVER_MAX = 4_000;

export function createEntries(max: number): Entries {
  const byId = new Map<Hex, Entry>();
  const over = new Set<Entry>();

  const forget = (entry: Entry): void => {
    over.delete(entry);
    // What a link has made part of another stands for nothing any more.
    for (const member of entry.state.members) {
      if (byId.get(member) === entry) byId.delete(member);
    }
  };

  const at = (id: Hex): Entry => {
    let entry = byId.get(id);
    if (entry === undefined)
      entry = { state: emptyState(id), known: new Set(), rows: [], said: [] };
    else byId.delete(id);
    byId.set(id, entry);
    return entry;
  };

  return {
    at,
    find: (id) => byId.get(id),
    settleMembers(into) {
      const absorbed: Entry[] = [];
      for (let before = -1; before !== into.state.members.length;) {
        before = into.state.members.length;
        for (const member of into.state.members) {
          const other = byId.get(member);
          if (other === into) continue;
          byId.set(member, into);
          if (other === undefined || absorbed.includes(other)) continue;
          absorbed.push(other);
          unite(into.state, other.state);
          for (const id of other.known) into.known.add(id);
          into.rows.push(...other.rows);
          into.said.push(...other.said);
        }
      }
      return absorbed;
    },
    expectNoMore(entry) {
      over.delete(entry);
      over.add(entry);
    },
    trim(busy) {
      for (const entry of over) {
        if (over.size <= OVER_MAX) break;
        if (!busy(entry)) forget(entry);
      }
      for (const entry of byId.values()) {
        if (byId.size <= max) return;
        if (!busy(entry)) forget(entry);
      }
    },
    clear() {
      byId.clear();
      over.clear();
    },
    get size() {
      return byId.size;
    },
  };
}
