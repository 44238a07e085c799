import { KEY_BYTES } from '../boxes/aead.ts';
import { randomBytes } from '../boxes/random.ts';
import { ENTRY_ID_BYTES, newEntryId, RANDOM_AT } from './entry-id.ts';
import type { Kind } from './kinds.ts';
import type { EntryRows, FreshRow, LeafRow } from './leaf-rows.ts';
import { sealPage, wrapKey } from './node-seal.ts';
import type { OpenNode } from './nodes.ts';
import { StaleNode } from './nodes.ts';
import { BRANCH_LEAVES, encodeFresh, encodeLeaf, LEAF_ENTRIES } from './pages.ts';

/** New entries: ids and keys one after the other. */
export interface NewEntries {
  readonly ids: Buffer;
  readonly keys: Buffer;
}

/** The leaf whose entries are still rows of their own, and its key. */
interface OpenLeaf {
  readonly leaf: number;
  readonly generation: number;
  readonly key: Buffer;
  count: number;
}

/** This process's place in a part: a branch nobody else adds leaves to. */
export interface Writer {
  readonly part: number;
  readonly branch: number;
  /** Leaves of the branch given out, also by transactions that failed. */
  used: number;
  open: OpenLeaf | undefined;
}

/** Whether the writer's branch has room for `count` more entries. */
export function hasRoom(writer: Writer, count: number): boolean {
  return writer.used + Math.ceil(count / LEAF_ENTRIES) + 1 <= BRANCH_LEAVES;
}

/** The writer's open leaf may not be in the database: the next entries begin another. */
export function giveUpOpenLeaf(writer: Writer): void {
  writer.open?.key.fill(0);
  writer.open = undefined;
}

/**
 * Draws entries and seals their rows, yet to be inserted: whole leaves as pages, the rest as rows
 * beside the open leaf.
 */
export function drawEntries(
  writer: Writer,
  node: OpenNode,
  kind: Kind,
  count: number,
): { readonly entries: NewEntries; readonly rows: EntryRows } {
  const { part, branch } = writer;
  const ids = Buffer.allocUnsafeSlow(count * ENTRY_ID_BYTES);
  const keys = randomBytes(count * KEY_BYTES);
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
  let beside: EntryRows['beside'];
  for (let i = whole * LEAF_ENTRIES; i < count; i += 1) {
    if (writer.open === undefined || writer.open.count >= LEAF_ENTRIES) {
      leaves.push(openLeaf(writer, node));
    } else if (fresh.length === 0) {
      beside = { leaf: writer.open.leaf, generation: writer.open.generation };
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
  const { generation } = node;
  return { entries: { ids, keys }, rows: { part, branch, generation, beside, leaves, fresh } };
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
  { part }: Writer,
  node: OpenNode,
  leaf: number,
  page: Buffer,
): { row: LeafRow; key: Buffer } {
  const key = randomBytes(KEY_BYTES);
  const address = { level: 'leaf', part, number: leaf, generation: node.generation } as const;
  const row = { leaf, wrap: wrapKey(node.key, address, key), page: sealPage(key, address, page) };
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
