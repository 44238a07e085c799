import type { Client } from '#platform';
import { ask } from '../statements.ts';

export interface LeafRow {
  readonly leaf: number;
  readonly branch: number;
  readonly generation: number;
  readonly wrap: Buffer;
  readonly page: Buffer;
}

export interface FreshRow {
  readonly leaf: number;
  readonly random: Buffer;
  readonly sealed: Buffer;
}

export async function insertLeaves(client: Client, part: number, rows: LeafRow[]): Promise<void> {
  if (rows.length === 0) return;
  await ask(client, {
    name: `vault-insert-leaves-${part}`,
    text: `insert into vault.leaf_${part} (leaf, branch, generation, wrapped_at, wrap, page)
           select leaf, branch, generation, generation, wrap, page
           from unnest($1::int[], $2::int[], $3::int[], $4::bytea[], $5::bytea[])
             as row (leaf, branch, generation, wrap, page)`,
    values: [
      rows.map((row) => row.leaf),
      rows.map((row) => row.branch),
      rows.map((row) => row.generation),
      rows.map((row) => row.wrap),
      rows.map((row) => row.page),
    ],
  });
}

export async function insertFresh(client: Client, part: number, rows: FreshRow[]): Promise<void> {
  if (rows.length === 0) return;
  await ask(client, {
    name: `vault-insert-fresh-${part}`,
    text: `insert into vault.fresh_${part} (leaf, random, sealed)
           select * from unnest($1::int[], $2::bytea[], $3::bytea[])`,
    values: [
      rows.map((row) => row.leaf),
      rows.map((row) => row.random),
      rows.map((row) => row.sealed),
    ],
  });
}
