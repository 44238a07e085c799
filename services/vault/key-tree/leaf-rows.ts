import type { Client } from '#platform';
import { ask } from '../statements.ts';
import { StaleNode } from './nodes.ts';

export interface LeafRow {
  readonly leaf: number;
  readonly wrap: Buffer;
  readonly page: Buffer;
}

export interface FreshRow {
  readonly leaf: number;
  readonly random: Buffer;
  readonly sealed: Buffer;
}

/** Rows of new entries, and what has to stand still for them to be inserted. */
export interface EntryRows {
  readonly part: number;
  readonly branch: number;
  /** Of the branch, whose key the new leaves are wrapped under. */
  readonly generation: number;
  /** The leaf, made earlier, that some of the entries stand beside. */
  readonly beside: { readonly leaf: number; readonly generation: number } | undefined;
  readonly leaves: readonly LeafRow[];
  readonly fresh: readonly FreshRow[];
}

/** Parameters $1 to $11 of {@link entryCtes}. */
export function entryValues(rows: EntryRows): unknown[] {
  const { branch, generation, beside, leaves, fresh } = rows;
  return [
    rows.part,
    branch,
    generation,
    beside?.leaf ?? null,
    beside?.generation ?? null,
    leaves.map((row) => row.leaf),
    leaves.map((row) => row.wrap),
    leaves.map((row) => row.page),
    fresh.map((row) => row.leaf),
    fresh.map((row) => row.random),
    fresh.map((row) => row.sealed),
  ];
}

export const ENTRY_VALUES = 11;

/**
 * Inserts entries where `condition` holds and no turn has moved their nodes; then, and only then,
 * `gate` has a row. The branch is locked before the leaf, as a turn does it; a row that a turn
 * held meanwhile is looked at again as the turn left it, and does not count.
 */
export const entryCtes = (part: number, condition = 'true'): string => `
  branch as materialized (
    select generation from vault.branch
    where part = $1::int and branch = $2::int and generation = $3::int for share),
  beside as materialized (
    select generation from vault.leaf_${part}
    where leaf = $4::int and generation = $5::int and exists (select from branch) for share),
  gate as materialized (
    select 1 as open
    where (${condition}) and exists (select from branch)
      and ($4::int is null or exists (select from beside))),
  new_leaf as (
    insert into vault.leaf_${part} (leaf, branch, generation, wrapped_at, wrap, page)
    select leaf, $2::int, $3::int, $3::int, wrap, page
    from unnest($6::int[], $7::bytea[], $8::bytea[]) as row (leaf, wrap, page)
    where exists (select from gate)),
  new_fresh as (
    insert into vault.fresh_${part} (leaf, random, sealed)
    select leaf, random, sealed
    from unnest($9::int[], $10::bytea[], $11::bytea[]) as row (leaf, random, sealed)
    where exists (select from gate))`;

/** @throws StaleNode when a turn moved the branch or the leaf; nothing was inserted then. */
export async function insertEntryRows(client: Client, rows: EntryRows): Promise<void> {
  const { rowCount } = await ask(client, {
    name: `vault-insert-entries-${rows.part}`,
    text: `with ${entryCtes(rows.part)} select open from gate`,
    values: entryValues(rows),
  });
  if (rowCount !== 1) throw new StaleNode('a turn moved the branch or the open leaf');
}
