import type { Schemas } from '#events';
import type { Journal } from '#journal';
import { DECISIONS, listLogs } from '#journal';
import type { Client, Pool } from '#platform';
import { delay } from '#platform';
import { ASSEMBLER_VERSION } from '#records';
import type { PointerOpener } from '#vault';
import type { RebuildProgress, RebuildReport, View } from '../contract.ts';
import { readCheckpoints } from '../engine/checkpoints.ts';
import { USAGE_LOG } from '../engine/log-tails.ts';
import { createProjector } from '../engine/projector.ts';
import { ProjectionsError } from '../errors.ts';
import { createUsageSums } from '../usage/sums.ts';
import type { Comparison } from './compare.ts';
import { compare } from './compare.ts';
import type { FamilyOfViews } from './families.ts';
import { familyOf } from './families.ts';
import { lockLive, mendOutbox, settleOwed, swapTables } from './swap.ts';

export interface RebuildSettings {
  readonly pool: Pool;
  readonly journal: Journal;
  readonly schemas: Schemas;
  readonly pointers: PointerOpener;
  readonly view: View;
  /** Compare with the live view and leave it in place. */
  readonly diff?: boolean;
  /** Swap even though the rows differ: what was looked at with `diff`. */
  readonly accept?: boolean;
  readonly onProgress?: (progress: RebuildProgress) => void;
  readonly signal?: AbortSignal;
}

const TRIES = 60;
const TRY_MS = 500;
const BATCH_MAX = 5_000;

/**
 * Makes a view anew from the journal beside the live one, and puts it in its place in one
 * transaction. cdr, history and quarantine come out of one pipeline and are swapped together. A
 * rebuild says nothing to the usage log; where a newer assembler reads records otherwise, accepting
 * that is what adjusts usage.
 *
 * @throws ProjectionsError `busy` when another rebuild runs or the live view stays behind, `differs`
 * when a newer assembler made other rows and `accept` was not given
 */
export async function rebuild(settings: RebuildSettings): Promise<RebuildReport> {
  const guard = await settings.pool.connect();
  try {
    const lock = await guard.query<{ held: boolean }>(
      `select pg_try_advisory_lock(hashtext('tollbook rebuild')) as held`,
    );
    if (lock.rows[0]?.held !== true) {
      throw new ProjectionsError('busy', 'another rebuild is running; wait until it is done');
    }
    try {
      return await rebuildAlone(settings);
    } finally {
      await guard.query(`select pg_advisory_unlock(hashtext('tollbook rebuild'))`);
    }
  } finally {
    guard.release(true);
  }
}

async function rebuildAlone(settings: RebuildSettings): Promise<RebuildReport> {
  const { pool, view, diff = false, accept = false } = settings;
  const family = familyOf(view);
  const started = performance.now();
  await prepare(pool, family);
  await using filling = await createFilling(settings, family, started);
  await filling.run();
  const compares = diff || (!accept && (await madeBy(pool, view)) !== ASSEMBLER_VERSION);
  const compared = compares ? await compareLevel(settings, family, filling) : undefined;
  const changes =
    compared === undefined ? 0 : compared.differing + compared.onlyLive + compared.onlyRebuilt;
  if (!diff && !accept && changes > 0) {
    throw new ProjectionsError(
      'differs',
      `${changes} rows come out otherwise than before; look at them with "rebuild ${view} --diff", then accept them`,
    );
  }
  if (!diff) await swapLevel(settings, family, filling);
  filling.tell('done');
  const rows = compared?.rows ?? (await countRows(pool, view, diff ? 'views_next' : 'views'));
  await prepareNothing(pool, family);
  return {
    view,
    events: filling.events,
    seconds: (performance.now() - started) / 1000,
    rows,
    differing: compared?.differing ?? 0,
    onlyLive: compared?.onlyLive ?? 0,
    onlyRebuilt: compared?.onlyRebuilt ?? 0,
    examples: compared?.examples ?? [],
    swapped: !diff,
  };
}

async function prepare(pool: Pool, family: FamilyOfViews): Promise<void> {
  await prepareNothing(pool, family);
  for (const maker of family.makers) await pool.query(`select views.${maker}('views_next')`);
}

/** Leaves no half-made tables beside the live ones. */
async function prepareNothing(pool: Pool, { next, tables }: FamilyOfViews): Promise<void> {
  await pool.query('delete from views.checkpoint where family = $1', [next]);
  await pool.query(
    `drop table if exists ${tables.map((table) => `views_next.${table}`).join(', ')}`,
  );
}

interface Filling extends AsyncDisposable {
  readonly events: number;
  /** Reads to the end of every log and writes everything. */
  run(): Promise<void>;
  tell(phase: RebuildProgress['phase']): void;
}

async function createFilling(
  settings: RebuildSettings,
  family: FamilyOfViews,
  started: number,
): Promise<Filling> {
  const { journal, view, onProgress, signal } = settings;
  const projector =
    family.live === 'records'
      ? await createProjector({ ...settings, mode: 'rebuild', batchMax: BATCH_MAX })
      : undefined;
  const sums = createUsageSums({ ...settings, mode: 'rebuild' });
  const eventsTotal = await countEvents(journal, family);
  let events = 0;
  const tell = (phase: RebuildProgress['phase']): void => {
    const eventsPerSecond = Math.round((events / (performance.now() - started)) * 1000);
    onProgress?.({
      view,
      phase,
      events,
      eventsTotal: Math.max(events, eventsTotal),
      eventsPerSecond,
    });
  };
  return {
    get events() {
      return events;
    },
    async run() {
      for (;;) {
        signal?.throwIfAborted();
        const handled =
          projector === undefined ? await sums.step() : (await projector.step()).events;
        events += handled;
        if (handled === 0) break;
        tell('reading');
      }
      await projector?.flush();
    },
    tell,
    async [Symbol.asyncDispose]() {
      await projector?.[Symbol.asyncDispose]();
    },
  };
}

async function countEvents(journal: Journal, family: FamilyOfViews): Promise<number> {
  let total = 0;
  for (const { log } of await listLogs(journal)) {
    if (log === DECISIONS || (family.live === 'usage' && log !== USAGE_LOG)) continue;
    total += (await journal.head(log))?.position ?? 0;
  }
  return total;
}

async function madeBy(pool: Pool, view: View): Promise<number> {
  const result = await pool.query<{ assembler: number }>(
    'select assembler from views.made_by where view = $1',
    [view],
  );
  return result.rows[0]?.assembler ?? 0;
}

/** Compares when both have read exactly the same. */
async function compareLevel(
  settings: RebuildSettings,
  family: FamilyOfViews,
  filling: Filling,
): Promise<Comparison> {
  return await whenLevel(settings, filling, async (client) => {
    await client.query('set transaction isolation level repeatable read');
    if (!(await isLevel(client, family, (next, live) => next === live))) return undefined;
    filling.tell('comparing');
    return await compare(client, settings.view);
  });
}

/** Swaps when the rebuilt tables have read at least what the live ones have, and all that was said of it. */
async function swapLevel(
  settings: RebuildSettings,
  family: FamilyOfViews,
  filling: Filling,
): Promise<void> {
  await whenLevel(settings, filling, async (client) => {
    await lockLive(client, family);
    if (!(await isLevel(client, family, (next, live) => next >= live))) return undefined;
    if (family.live === 'records' && !(await isAllSaid(client, settings.journal))) return undefined;
    filling.tell('swapping');
    if (family.live === 'records') await settleOwed(client);
    await swapTables(client, family, ASSEMBLER_VERSION);
    return true;
  });
}

/** Runs `work` in a transaction until it finds both sides level; in between the rebuilt side reads on. */
async function whenLevel<T>(
  { pool, signal }: RebuildSettings,
  filling: Filling,
  work: (client: Client) => Promise<T | undefined>,
): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const client = await pool.connect();
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query(result === undefined ? 'rollback' : 'commit');
      if (result !== undefined) return result;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      if (!isPassing(error)) throw error;
    } finally {
      client.release();
    }
    await delay(TRY_MS, signal);
    signal?.throwIfAborted();
    await filling.run();
  }
  throw new ProjectionsError(
    'busy',
    'the live views did not come level with the rebuilt ones; see "tollbook status", then try again',
  );
}

/** Deadlock or lock time-out: a reader was quicker. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === '40P01' || error.code === '55P03')
  );
}

async function isLevel(
  client: Client,
  family: FamilyOfViews,
  fits: (next: number, live: number) => boolean,
): Promise<boolean> {
  const next = new Map(
    (await readCheckpoints(client, family.next)).map((tail) => [tail.logNo, tail.position]),
  );
  const live = await readCheckpoints(client, family.live);
  if (live.some((tail) => !fits(next.get(tail.logNo) ?? 0, tail.position))) return false;
  const known = new Set(live.map((tail) => tail.logNo));
  const others = (await readCheckpoints(client, family.next)).filter(
    ({ logNo, log }) => log !== USAGE_LOG && !known.has(logNo),
  );
  return others.every((tail) => fits(tail.position, 0));
}

/** Nothing waits in the outbox, and the rebuilt side has read the usage log to its head. */
async function isAllSaid(client: Client, journal: Journal): Promise<boolean> {
  const head = await journal.head(USAGE_LOG);
  await mendOutbox(client, head?.resume ?? 0);
  const waiting = await client.query('select from views.usage_outbox where number > $1 limit 1', [
    head?.resume ?? 0,
  ]);
  if (waiting.rowCount !== 0) return false;
  const said = (await readCheckpoints(client, 'records.next')).find(({ log }) => log === USAGE_LOG);
  return (said?.position ?? 0) === (head?.position ?? 0);
}

async function countRows(pool: Pool, view: View, schema: string): Promise<number> {
  const result = await pool.query<{ count: number }>(
    `select count(*) as count from ${schema}.${view}`,
  );
  return result.rows[0]?.count ?? 0;
}
