import type { Client, Failpoint, Logger, Pool } from '#platform';
import type { Custodian } from '../custodian/port.ts';
import { VaultError } from '../port.ts';
import type { Decisions } from './decisions.ts';
import { passGate } from './gate.ts';
import type { Generations } from './gate.ts';
import { createInserts, INSERT_MAX } from './inserts.ts';
import type { EntryBatch, InsertTransaction } from './inserts.ts';
import { createLockedMemory } from './locked-memory.ts';
import type { Kind } from './kinds.ts';
import { createNames } from './names.ts';
import type { Names } from './names.ts';
import { createNodes, StaleNode } from './nodes.ts';
import type { Entry } from './pages.ts';
import { createParts } from './parts.ts';
import { readEntries } from './reads.ts';
import { rewriteTree } from './turn.ts';
import { ask } from '../statements.ts';

export interface KeyTreeOptions {
  readonly pool: Pool;
  readonly custodian: Custodian;
  readonly decisions: Decisions;
  readonly logger: Logger;
  /** Kinds this process may read; all of them when absent. */
  readonly kinds?: ReadonlySet<Kind>;
  /** Fault tests end the process here. */
  readonly failpoint?: Failpoint;
}

export interface Turned {
  readonly generation: number;
  /** Entries that were alive before. */
  readonly destroyed: readonly Uint8Array[];
}

/** A turn of the tree since this process last looked. */
export interface Change {
  readonly destroyed: readonly Buffer[];
}

/** Every key that must be destroyable, and nothing that outlives its destruction. */
export interface KeyTree extends Names {
  /** The generation this process last saw. */
  readonly generation: number;
  /** @throws StaleNode never; it asks again. */
  read(ids: readonly Uint8Array[]): Promise<(Entry | undefined)[]>;
  /** Inserts up to {@link INSERT_MAX} entries into a part, in one transaction with `work`. */
  transaction<T>(
    part: string,
    count: number,
    work: (transaction: InsertTransaction) => Promise<T>,
  ): Promise<T>;
  /** As `transaction`, for `work` that inserts entries and what names them in one statement. */
  statement<T>(part: string, work: (batch: EntryBatch) => Promise<T>): Promise<T>;
  /** Whether a turn came since the last call; passes the gate anew when one did. */
  change(): Promise<Change | undefined>;
  /** Destroys entries. Resolves when no root generation that could reach them exists. */
  turn(entries: readonly Uint8Array[]): Promise<Turned>;
  [Symbol.asyncDispose](): Promise<void>;
}

const TURN_LOCK = 'tollbook vault turn';
const STALE_RETRIES = 50;

/**
 * Opens the tree: makes it where there is none, finishes a turn that a crash cut off, and passes the
 * gate.
 *
 * @throws VaultError `generation_mismatch`, `root_missing`
 */
export async function openKeyTree(options: KeyTreeOptions): Promise<KeyTree> {
  const { pool, custodian, decisions, kinds, failpoint = () => undefined } = options;
  const memory = createLockedMemory();
  const nodes = createNodes({ pool, custodian, memory });
  const parts = createParts({ pool, nodes });
  const inserts = createInserts({ pool, nodes, parts, failpoint });
  let seen = 0;

  /** Nodes move only when a turn does; whoever met one in mid-step reads again. */
  async function retrying<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof StaleNode) || attempt >= STALE_RETRIES) throw error;
        nodes.forget();
      }
    }
  }

  const read = (ids: readonly Uint8Array[]) =>
    retrying(async () => {
      const entries = await readEntries(pool, nodes, ids);
      for (const entry of entries) {
        if (kinds === undefined || entry?.state !== 'alive' || kinds.has(entry.kind)) continue;
        throw new VaultError('bad_request', `this process may not read keys of kind ${entry.kind}`);
      }
      return entries;
    });

  const generations = async (db: Pool | Client): Promise<Generations> => {
    const log = await decisions.state();
    const { rows } = await ask<{ generation: number }>(db, 'select generation from vault.root');
    return { log, tree: rows[0]?.generation ?? 0, custodian: await custodian.generations() };
  };

  /** Under the turn lock: ends what a crash left open, as far as the tree got. */
  async function recover(client: Client): Promise<Generations> {
    const state = await passGate(() => generations(client), custodian);
    if (state.log.began === undefined || state.tree !== state.log.began) return state;
    await custodian.destroyBelow(state.tree);
    const { rows } = await ask<{ count: number }>(
      client,
      'select count(*)::int as count from vault.destroyed where generation = $1',
      [state.tree],
    );
    await decisions.turnDone(state.tree, rows[0]?.count ?? 0);
    return generations(client);
  }

  async function turnTo(
    client: Client,
    state: Generations,
    entries: readonly Uint8Array[],
  ): Promise<Turned> {
    const from = state.tree;
    // A generation that was begun and given up may have sealed pages that reached the disk.
    const to = Math.max(from, state.log.began ?? 0, state.custodian.at(-1) ?? 0) + 1;
    await decisions.turnBegan(from, to);
    failpoint('vault.turn.began');
    await custodian.create(to);
    failpoint('vault.turn.root');
    await ask(client, 'begin');
    const destroyed = await rewriteTree({ client, custodian, from, to, entries });
    failpoint('vault.turn.written');
    await ask(client, 'commit');
    failpoint('vault.turn.tree');
    await custodian.destroyBelow(to);
    failpoint('vault.turn.destroyed');
    await decisions.turnDone(to, destroyed.length);
    return { generation: to, destroyed };
  }

  const withLock = <T>(work: (client: Client) => Promise<T>) => holdingTurnLock(pool, work);

  await withLock(async (client) => {
    const state = await recover(client);
    if (state.tree === 0) await turnTo(client, state, []);
  });
  seen = (await passGate(() => generations(pool), custodian)).tree;

  const names = createNames({
    pool,
    read,
    inserts: {
      transaction: (part, count, work) => retrying(() => inserts.transaction(part, count, work)),
    },
  });

  return {
    get generation() {
      return seen;
    },
    find: (wanted) => names.find(wanted),
    ensure: (wanted) => names.ensure(wanted),
    read,
    transaction(part, count, work) {
      if (count > INSERT_MAX) throw new RangeError(`at most ${INSERT_MAX} entries a transaction`);
      return retrying(() => inserts.transaction(part, count, work));
    },
    statement: (part, work) => retrying(() => inserts.statement(part, work)),
    async change() {
      const { rows } = await ask<{ generation: number }>(pool, {
        name: 'vault-generation',
        text: 'select generation from vault.root',
      });
      if (rows[0]?.generation === seen) return undefined;
      const state = await passGate(() => generations(pool), custodian);
      const ended = await ask<{ entry: Buffer }>(
        pool,
        'select entry from vault.destroyed where generation > $1 and generation <= $2',
        [seen, state.tree],
      );
      nodes.forget();
      seen = state.tree;
      return { destroyed: ended.rows.map(({ entry }) => entry) };
    },
    async turn(entries) {
      const turned = await withLock(async (client) => {
        const state = await recover(client);
        return turnTo(client, state, entries);
      });
      return turned;
    },
    async [Symbol.asyncDispose]() {
      inserts.forget();
      nodes.forget();
      memory[Symbol.dispose]();
    },
  };
}

/** One turn at a time, whatever process runs it; the lock and the rewrite share one connection. */
async function holdingTurnLock<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await ask(client, { name: 'vault-turn-lock', text: LOCK, values: [TURN_LOCK] });
    const result = await work(client);
    isBroken = !(await unlocked(client));
    return result;
  } finally {
    // Where anything failed the session ends: its lock, and a transaction that was cut off, go with it.
    client.release(isBroken);
  }
}

const LOCK = 'select pg_advisory_lock(hashtext($1))';
const UNLOCK = 'select pg_advisory_unlock(hashtext($1)) as done';

/** What was done under the lock is done, whatever becomes of the connection. */
async function unlocked(client: Client): Promise<boolean> {
  try {
    const statement = { name: 'vault-turn-unlock', text: UNLOCK, values: [TURN_LOCK] };
    const { rows } = await ask<{ done: boolean }>(client, statement);
    return rows[0]?.done === true;
  } catch {
    return false;
  }
}
