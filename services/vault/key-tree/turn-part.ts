import type { Client } from '#platform';
import { KEY_BYTES } from '../boxes/aead.ts';
import { randomBytes } from '../boxes/random.ts';
import { leafOf } from './entry-id.ts';
import { openPage, sealPage, unwrapKey } from './node-seal.ts';
import type { Address } from './node-seal.ts';
import type { NodeRow } from './nodes.ts';
import type { Child } from './pages.ts';
import { BRANCH_LEAVES, encodeChildren, turnLeaf } from './pages.ts';
import { collectChildren } from './children.ts';
import { ask } from '../statements.ts';

export interface PartTurn {
  readonly client: Client;
  readonly part: number;
  /** The part's key as it was. */
  readonly before: Child;
  readonly to: number;
}

interface Row extends NodeRow {
  readonly number: number;
  readonly page: Buffer;
}

/** Gives one part a fresh key, and fresh keys to what leads from it to the doomed entries. */
export async function turnPart(
  turn: PartTurn,
  doomed: readonly Uint8Array[],
): Promise<{ key: Buffer; ended: Uint8Array[] }> {
  const { client, part, before, to } = turn;
  const row = await lockPart(client, part);
  const unfolded = await ask<Row>(client, {
    name: 'vault-turn-new-branches',
    text: `select branch as number, generation, wrapped_at, wrap from vault.branch
           where part = $1 and wrapped_at = $2`,
    values: [part, before.generation],
  });
  const address: Address = { level: 'part', part, number: 0, generation: before.generation };
  const branches = collectChildren(
    { key: before.key, address, page: row.page },
    'branch',
    unfolded.rows,
  );
  const ended: Uint8Array[] = [];
  const byBranch = [...Map.groupBy(doomed, (id) => Math.floor(leafOf(id) / BRANCH_LEAVES))];
  for (const [branch, inBranch] of byBranch.sort(([a], [b]) => a - b)) {
    const child = branches.get(branch);
    if (child === undefined) continue;
    const turned = await turnBranch(turn, child, inBranch);
    branches.set(branch, { number: branch, generation: to, key: turned.key });
    ended.push(...turned.ended);
  }
  const key = randomBytes(KEY_BYTES);
  const page = sealChildren(key, { ...address, generation: to }, branches);
  await ask(client, {
    name: 'vault-turn-part',
    text: 'update vault.part set generation = $2, page = $3 where part = $1',
    values: [part, to, page],
  });
  return { key, ended };
}

async function lockPart(client: Client, part: number): Promise<{ page: Buffer }> {
  const { rows } = await ask<{ page: Buffer }>(client, {
    name: 'vault-turn-lock-part',
    text: 'select page from vault.part where part = $1 for update',
    values: [part],
  });
  const row = rows[0];
  if (row === undefined) throw new RangeError(`part ${part} was dropped while the root was locked`);
  return row;
}

function sealChildren(key: Buffer, address: Address, children: Map<number, Child>): Buffer {
  const page = encodeChildren([...children.values()]);
  const sealed = sealPage(key, address, page);
  page.fill(0);
  for (const child of children.values()) child.key.fill(0);
  return sealed;
}

async function turnBranch(
  turn: PartTurn,
  before: Child,
  doomed: readonly Uint8Array[],
): Promise<{ key: Buffer; ended: Uint8Array[] }> {
  const { client, part, to } = turn;
  const branch = before.number;
  const { rows } = await ask<{ page: Buffer }>(client, {
    name: 'vault-turn-lock-branch',
    text: 'select page from vault.branch where part = $1 and branch = $2 for update',
    values: [part, branch],
  });
  const unfolded = await ask<Row>(client, {
    name: `vault-turn-new-leaves-${part}`,
    text: `select leaf as number, generation, wrapped_at, wrap from vault.leaf_${part}
           where branch = $1 and wrapped_at = $2`,
    values: [branch, before.generation],
  });
  const address: Address = { level: 'branch', part, number: branch, generation: before.generation };
  const page = rows[0]?.page ?? Buffer.alloc(0);
  const leaves = collectChildren({ key: before.key, address, page }, 'leaf', unfolded.rows);
  const ended = await turnLeaves(turn, leaves, doomed);
  const key = randomBytes(KEY_BYTES);
  const sealed = sealChildren(key, { ...address, generation: to }, leaves);
  await ask(client, {
    name: 'vault-turn-branch',
    text: 'update vault.branch set generation = $3, page = $4 where part = $1 and branch = $2',
    values: [part, branch, to, sealed],
  });
  return { key, ended };
}

interface FreshRow {
  readonly leaf: number;
  readonly random: Buffer;
  readonly sealed: Buffer;
}

/** Rewrites the leaves of `doomed` and puts their fresh keys into `leaves`. */
async function turnLeaves(
  { client, part, to }: PartTurn,
  leaves: Map<number, Child>,
  doomed: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const byLeaf = Map.groupBy(doomed, leafOf);
  const numbers = [...byLeaf.keys()].filter((leaf) => leaves.has(leaf)).sort((a, b) => a - b);
  const pages = await ask<{ number: number; page: Buffer }>(client, {
    name: `vault-turn-lock-leaves-${part}`,
    text: `select leaf as number, page from vault.leaf_${part}
           where leaf = any($1) order by leaf for update`,
    values: [numbers],
  });
  const fresh = await ask<FreshRow>(client, {
    name: `vault-turn-fresh-${part}`,
    text: `delete from vault.fresh_${part} where leaf = any($1) returning leaf, random, sealed`,
    values: [numbers],
  });
  const freshOf = Map.groupBy(fresh.rows, (row) => row.leaf);
  const ended: Uint8Array[] = [];
  const updated: { leaf: number; page: Buffer }[] = [];
  for (const { number: leaf, page } of pages.rows) {
    const child = leaves.get(leaf);
    if (child === undefined) continue;
    const address: Address = { level: 'leaf', part, number: leaf, generation: child.generation };
    const turned = turnLeaf(
      openPage(child.key, address, page),
      openFresh(child.key, address, freshOf.get(leaf) ?? []),
      byLeaf.get(leaf) ?? [],
    );
    child.key.fill(0);
    const key = randomBytes(KEY_BYTES);
    leaves.set(leaf, { number: leaf, generation: to, key });
    updated.push({ leaf, page: sealPage(key, { ...address, generation: to }, turned.page) });
    turned.page.fill(0);
    ended.push(...turned.destroyed);
  }
  await ask(client, {
    name: `vault-turn-leaves-${part}`,
    text: `update vault.leaf_${part} as leaf set generation = $1, page = row.page
           from unnest($2::int[], $3::bytea[]) as row (leaf, page) where leaf.leaf = row.leaf`,
    values: [to, updated.map(({ leaf }) => leaf), updated.map(({ page }) => page)],
  });
  return ended;
}

function openFresh(
  key: Buffer,
  { part, number, generation }: Address,
  rows: readonly FreshRow[],
): { random: Buffer; bytes: Buffer }[] {
  const address: Address = { level: 'entry', part, number, generation };
  return rows.map(({ random, sealed }) => ({
    random,
    bytes: unwrapKey(key, address, sealed, random),
  }));
}
