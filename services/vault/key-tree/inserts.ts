import type { Client, Failpoint, Pool } from '#platform';
import { claimBranch } from './claims.ts';
import type { Kind } from './kinds.ts';
import type { EntryRows } from './leaf-rows.ts';
import { insertEntryRows } from './leaf-rows.ts';
import type { Mutex } from './mutex.ts';
import { createMutex } from './mutex.ts';
import type { NewEntries, Writer } from './new-entries.ts';
import { drawEntries, giveUpOpenLeaf, hasRoom } from './new-entries.ts';
import type { Nodes, OpenNode } from './nodes.ts';
import { StaleNode } from './nodes.ts';
import type { Parts } from './parts.ts';
import { inTransaction } from '../statements.ts';

/** Entries one transaction may insert. */
export const INSERT_MAX = 4096;

export interface InsertTransaction {
  readonly client: Client;
  readonly part: number;
  /** At most as many entries in all as the transaction was opened for. */
  insert(kind: Kind, count: number): Promise<NewEntries>;
}

/** Entries of a part, drawn and sealed, and inserted by a statement of the caller's own. */
export interface EntryBatch {
  /** Draws entries anew: what was drawn before counts as not inserted. */
  draw(kind: Kind, count: number): Promise<{ entries: NewEntries; rows: EntryRows }>;
  /** Fault tests: the statement is on its way. */
  sent(): void;
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
  /** As `transaction`, for work that inserts what it drew last in one statement, or throws. */
  statement<T>(partName: string, work: (batch: EntryBatch) => Promise<T>): Promise<T>;
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

  /** Makes sure that the writer has a branch with room for `count` more entries, its key in hand. */
  async function reserve(part: number, count: number): Promise<Writer> {
    let writer = writers.get(part);
    if (writer === undefined || !hasRoom(writer, count)) {
      const branch = await claimBranch(pool, nodes, part);
      writer = { part, branch, used: 0, open: writer?.open };
      writers.set(part, writer);
    }
    await nodes.branches(part, [writer.branch]);
    return writer;
  }

  async function branchOf({ part, branch }: Writer): Promise<OpenNode> {
    const node = (await nodes.branches(part, [branch])).get(branch);
    if (node === undefined) throw new StaleNode('the branch is gone');
    return node;
  }

  /** The nodes are locked before anything is drawn, so that nothing is sent to no purpose. */
  async function insertLocked(client: Client, writer: Writer, kind: Kind, count: number) {
    const node = await branchOf(writer);
    const { part, branch, open: beside } = writer;
    const { generation } = node;
    await insertEntryRows(client, { part, branch, generation, beside, leaves: [], fresh: [] });
    const { entries, rows } = drawEntries(writer, node, kind, count);
    await insertEntryRows(client, rows);
    return entries;
  }

  /** Runs `work`; unless it succeeds nobody knows whether the open leaf is there. */
  async function attempt<T>(part: number, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      failpoint('vault.keys.durable');
      return result;
    } catch (error) {
      const writer = writers.get(part);
      if (writer !== undefined) giveUpOpenLeaf(writer);
      throw error;
    }
  }

  /** One at a time for each part. */
  function queued<T>(partName: string, work: (part: number) => Promise<T>): Promise<T> {
    let queue = queues.get(partName);
    if (queue === undefined) queues.set(partName, (queue = createMutex()));
    return queue(async () => work(await parts.number(partName)));
  }

  return {
    transaction: (partName, count, work) =>
      queued(partName, async (part) => {
        // Asked for now, lest the transaction below needs a second connection to learn it.
        const writer = await reserve(part, count);
        return attempt(part, () =>
          inTransaction(pool, async (client) => {
            const insert: InsertTransaction['insert'] = (kind, n) =>
              insertLocked(client, writer, kind, n);
            const done = await work({ client, part, insert });
            failpoint('vault.keys.inserted');
            return done;
          }),
        );
      }),
    statement: (partName, work) =>
      queued(partName, (part) =>
        attempt(part, () => {
          let drawn = 0;
          return work({
            async draw(kind, count) {
              const writer = await reserve(part, count);
              if (drawn > 0) giveUpOpenLeaf(writer);
              drawn += 1;
              return drawEntries(writer, await branchOf(writer), kind, count);
            },
            sent: () => failpoint('vault.keys.inserted'),
          });
        }),
      ),
    forget() {
      for (const { open } of writers.values()) open?.key.fill(0);
      writers.clear();
    },
  };
}
