import type { Client, Failpoint, Pool } from '#platform';
import { KEY_BYTES } from '../boxes/aead.ts';
import { randomBytes } from '../boxes/random.ts';
import { claimBranch, lockBranch, lockOpenLeaf } from './claims.ts';
import { ENTRY_ID_BYTES, newEntryId, RANDOM_AT } from './entry-id.ts';
import type { Kind } from './kinds.ts';
import type { FreshRow, LeafRow } from './leaf-rows.ts';
import { insertFresh, insertLeaves } from './leaf-rows.ts';
import type { Mutex } from './mutex.ts';
import { createMutex } from './mutex.ts';
import { sealPage, wrapKey } from './node-seal.ts';
import type { Nodes, OpenNode } from './nodes.ts';
import { StaleNode } from './nodes.ts';
import { BRANCH_LEAVES, encodeFresh, encodeLeaf, LEAF_ENTRIES } from './pages.ts';
import type { Parts } from './parts.ts';
import { inTransaction } from '../statements.ts';

/** Entries one transaction may insert. */
export const INSERT_MAX = 4096;

/** New entries: ids and keys one after the other. */
export interface NewEntries {
  readonly ids: Buffer;
  readonly keys: Buffer;
}

export interface InsertTransaction {
  readonly client: Client;
  readonly part: number;
  /** At most as many entries in all as the transaction was opened for. */
  insert(kind: Kind, count: number): Promise<NewEntries>;
}

/** The leaf whose entries are still rows of their own, and its key. */
interface OpenLeaf {
  readonly leaf: number;
  readonly generation: number;
  readonly key: Buffer;
  count: number;
}

/** This process's place in a part: a branch nobody else adds leaves to. */
interface Writer {
  readonly part: number;
  branch: number;
  /** Leaves of the branch given out, also by transactions that failed. */
  used: number;
  open: OpenLeaf | undefined;
}

export interface Inserts {
  /**
   * Runs `work` in a transaction in which up to `count` entries may be inserted into a part; one at
   * a time for each part. `work` is run again when a turn came between.
   */
  transaction<T>(
    partName: string,
    count: number,
    work: (transaction: InsertTransaction) => Promise<T>,
  ): Promise<T>;
  forget(): void;
}

export interface InsertsOptions {
  readonly pool: Pool;
  readonly nodes: Nodes;
  readonly parts: Parts;
  readonly failpoint: Failpoint;
}

export function createInserts({ pool, nodes, parts, failpoint }: InsertsOptions): Inserts {
  const writers = new Map<number, Writer>();
  const queues = new Map<string, Mutex>();

  /** Makes sure that the writer has a branch with room for `count` more entries. */
  async function reserve(part: number, count: number): Promise<Writer> {
    const leaves = Math.ceil(count / LEAF_ENTRIES) + 1;
    const known = writers.get(part);
    if (known !== undefined && known.used + leaves <= BRANCH_LEAVES) return known;
    const branch = await claimBranch(pool, nodes, part);
    const writer = { part, branch, used: 0, open: known?.open };
    writers.set(part, writer);
    return writer;
  }

  async function attempt<T>(
    part: number,
    count: number,
    work: (transaction: InsertTransaction) => Promise<T>,
  ): Promise<T> {
    const writer = await reserve(part, count);
    // Asked for now, lest the transaction below needs a second connection to learn it.
    await nodes.branches(part, [writer.branch]);
    try {
      const result = await inTransaction(pool, async (client) => {
        const insert: InsertTransaction['insert'] = (kind, n) =>
          insertEntries(client, nodes, writer, { kind, count: n });
        const done = await work({ client, part, insert });
        failpoint('vault.keys.inserted');
        return done;
      });
      failpoint('vault.keys.durable');
      return result;
    } catch (error) {
      // Whether its open leaf is there is not known any more: the next entries begin another.
      writer.open?.key.fill(0);
      writer.open = undefined;
      throw error;
    }
  }

  return {
    async transaction(partName, count, work) {
      let queue = queues.get(partName);
      if (queue === undefined) queues.set(partName, (queue = createMutex()));
      return queue(async () => attempt(await parts.number(partName), count, work));
    },
    forget() {
      for (const { open } of writers.values()) open?.key.fill(0);
      writers.clear();
    },
  };
}

interface Wanted {
  readonly kind: Kind;
  readonly count: number;
}

/** Whole leaves as sealed pages, the rest as rows beside the open leaf. */
async function insertEntries(
  client: Client,
  nodes: Nodes,
  writer: Writer,
  { kind, count }: Wanted,
): Promise<NewEntries> {
  const { part, branch } = writer;
  const ids = Buffer.allocUnsafeSlow(count * ENTRY_ID_BYTES);
  const keys = randomBytes(count * KEY_BYTES);
  const node = (await nodes.branches(part, [branch])).get(branch);
  if (node === undefined) throw new StaleNode('the branch is gone');
  await lockBranch(client, part, branch, node);
  const whole = Math.floor(count / LEAF_ENTRIES);
  const leaves: LeafRow[] = [];
  for (let i = 0; i < whole; i += 1) {
    const slice = {
      ids: sliceOf(ids, i * LEAF_ENTRIES, ENTRY_ID_BYTES),
      keys: sliceOf(keys, i * LEAF_ENTRIES, KEY_BYTES),
    };
    leaves.push(wholeLeaf(writer, node, kind, slice));
  }
  const fresh: FreshRow[] = [];
  for (let i = whole * LEAF_ENTRIES; i < count; i += 1) {
    if (writer.open === undefined || writer.open.count >= LEAF_ENTRIES) {
      leaves.push(openLeaf(writer, node));
    } else if (fresh.length === 0) {
      await lockOpenLeaf(client, part, writer.open);
    }
    const { open } = writer;
    if (open === undefined) throw new StaleNode('the open leaf was given up');
    newEntryId(ids, i * ENTRY_ID_BYTES, part, open.leaf);
    fresh.push(
      freshRow(part, open, kind, {
        id: ids.subarray(i * ENTRY_ID_BYTES, (i + 1) * ENTRY_ID_BYTES),
        key: keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES),
      }),
    );
    open.count += 1;
  }
  await insertLeaves(client, part, leaves);
  await insertFresh(client, part, fresh);
  return { ids, keys };
}

function sliceOf(bytes: Buffer, first: number, width: number): Buffer {
  return bytes.subarray(first * width, (first + LEAF_ENTRIES) * width);
}

function nextLeaf(writer: Writer): number {
  const leaf = writer.branch * BRANCH_LEAVES + writer.used;
  writer.used += 1;
  return leaf;
}

function wholeLeaf(writer: Writer, node: OpenNode, kind: Kind, { ids, keys }: NewEntries): LeafRow {
  const leaf = nextLeaf(writer);
  for (let i = 0; i < LEAF_ENTRIES; i += 1) newEntryId(ids, i * ENTRY_ID_BYTES, writer.part, leaf);
  const page = encodeLeaf(kind, ids, keys, LEAF_ENTRIES);
  const { row, key } = leafRow(writer, node, leaf, page);
  page.fill(0);
  key.fill(0);
  return row;
}

function openLeaf(writer: Writer, node: OpenNode): LeafRow {
  const leaf = nextLeaf(writer);
  const { row, key } = leafRow(writer, node, leaf, Buffer.alloc(0));
  writer.open?.key.fill(0);
  writer.open = { leaf, generation: node.generation, key, count: 0 };
  return row;
}

function leafRow(
  { part, branch }: Writer,
  node: OpenNode,
  leaf: number,
  page: Buffer,
): { row: LeafRow; key: Buffer } {
  const key = randomBytes(KEY_BYTES);
  const { generation } = node;
  const address = { level: 'leaf', part, number: leaf, generation } as const;
  const row = {
    leaf,
    branch,
    generation,
    wrap: wrapKey(node.key, address, key),
    page: sealPage(key, address, page),
  };
  return { row, key };
}

function freshRow(
  part: number,
  { leaf, generation, key }: OpenLeaf,
  kind: Kind,
  entry: { readonly id: Buffer; readonly key: Buffer },
): FreshRow {
  const random = entry.id.subarray(RANDOM_AT);
  const bytes = encodeFresh(kind, entry.key);
  const sealed = wrapKey(key, { level: 'entry', part, number: leaf, generation }, bytes, random);
  bytes.fill(0);
  return { leaf, random, sealed };
}
