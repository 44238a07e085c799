import type { Pool } from '#platform';
import { idText, leafOf, partOf, RANDOM_AT } from './entry-id.ts';
import { openPage, unwrapKey } from './node-seal.ts';
import type { NodeRow, Nodes } from './nodes.ts';
import { StaleNode } from './nodes.ts';
import { childKeys } from './children.ts';
import type { Entry } from './pages.ts';
import { decodeFresh, findEntry } from './pages.ts';
import { ask } from '../statements.ts';

const UNDEFINED_TABLE = '42P01';
/** Leaves fetched at once. */
const LEAVES_MAX = 2000;

interface LeafRow extends NodeRow {
  readonly leaf: number;
  readonly branch: number;
  readonly page: Buffer;
}

interface FreshRow {
  readonly leaf: number;
  readonly random: Buffer;
  readonly sealed: Buffer;
}

/**
 * The entries of `ids`, in their order; undefined where the tree has none.
 *
 * @throws StaleNode when a turn came between; ask again.
 */
export async function readEntries(
  pool: Pool,
  nodes: Nodes,
  ids: readonly Uint8Array[],
): Promise<(Entry | undefined)[]> {
  const found = new Map<string, Entry>();
  const byPart = Map.groupBy(ids, partOf);
  for (const [part, inPart] of byPart) {
    const byLeaf = Map.groupBy(inPart, leafOf);
    const leaves = [...byLeaf.keys()];
    for (let i = 0; i < leaves.length; i += LEAVES_MAX) {
      const some = leaves.slice(i, i + LEAVES_MAX);
      await readLeaves(pool, nodes, { part, leaves: some, byLeaf, found });
    }
  }
  return ids.map((id) => found.get(idText(id)));
}

interface LeavesWanted {
  readonly part: number;
  readonly leaves: readonly number[];
  readonly byLeaf: ReadonlyMap<number, readonly Uint8Array[]>;
  readonly found: Map<string, Entry>;
}

async function readLeaves(pool: Pool, nodes: Nodes, wanted: LeavesWanted): Promise<void> {
  const { part, byLeaf, found } = wanted;
  const rows = await selectLeaves(pool, wanted);
  const branches = await nodes.branches(
    part,
    rows.leaves.map((row) => row.branch),
  );
  const fresh = Map.groupBy(rows.fresh, (row) => row.leaf);
  for (const [branch, ofBranch] of Map.groupBy(rows.leaves, (row) => row.branch)) {
    const parent = branches.get(branch);
    if (parent === undefined) throw new StaleNode('a branch is gone');
    const address = {
      level: 'branch',
      part,
      number: branch,
      generation: parent.generation,
    } as const;
    const keys = childKeys(
      parent,
      address,
      ofBranch.map((row) => ({ row, level: 'leaf', number: row.leaf })),
    );
    ofBranch.forEach((row, i) => {
      const key = keys[i];
      if (key === undefined) throw new StaleNode('the branch is from another turn than the leaf');
      openLeaf(part, row, key, {
        ids: byLeaf.get(row.leaf) ?? [],
        fresh: fresh.get(row.leaf) ?? [],
        found,
      });
      key.fill(0);
    });
  }
}

/**
 * Fresh rows first: a turn moves them into the page, so one that is gone from the first answer is in
 * the second.
 */
async function selectLeaves(
  pool: Pool,
  { part, leaves, byLeaf }: LeavesWanted,
): Promise<{ fresh: FreshRow[]; leaves: LeafRow[] }> {
  try {
    const fresh = await ask<FreshRow>(pool, {
      name: `vault-read-fresh-${part}`,
      text: `select leaf, random, sealed from vault.fresh_${part}
             where (leaf, random) in (select * from unnest($1::int[], $2::bytea[]))`,
      values: [
        leaves.flatMap((leaf) => (byLeaf.get(leaf) ?? []).map(() => leaf)),
        leaves.flatMap((leaf) =>
          (byLeaf.get(leaf) ?? []).map((id) => Buffer.from(id.subarray(RANDOM_AT))),
        ),
      ],
    });
    const page = await ask<LeafRow>(pool, {
      name: `vault-read-leaves-${part}`,
      text: `select leaf, branch, generation, wrapped_at, wrap, page
             from vault.leaf_${part} where leaf = any($1)`,
      values: [leaves],
    });
    return { fresh: fresh.rows, leaves: page.rows };
  } catch (error) {
    // The part was dropped, with everything in it.
    if (error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE) {
      return { fresh: [], leaves: [] };
    }
    throw error;
  }
}

interface Wanted {
  readonly ids: readonly Uint8Array[];
  readonly fresh: readonly FreshRow[];
  readonly found: Map<string, Entry>;
}

function openLeaf(part: number, row: LeafRow, key: Buffer, { ids, fresh, found }: Wanted): void {
  const { leaf, generation } = row;
  const page = openPage(key, { level: 'leaf', part, number: leaf, generation }, row.page);
  for (const id of ids) {
    let entry = findEntry(page, id);
    const random = Buffer.from(id.subarray(RANDOM_AT));
    const beside = entry === undefined && fresh.find((one) => one.random.equals(random));
    if (beside) {
      const address = { level: 'entry', part, number: leaf, generation } as const;
      entry = decodeFresh(unwrapKey(key, address, beside.sealed, random));
    }
    if (entry !== undefined) found.set(idText(id), entry);
  }
  page.fill(0);
}
