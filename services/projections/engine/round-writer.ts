import type { Client, Failpoint, Pool } from '#platform';
import type { QuarantineEvent } from '../quarantine/row.ts';
import { writeQuarantine } from '../quarantine/row.ts';
import type { Family } from './checkpoints.ts';
import { advance } from './checkpoints.ts';
import type { Entries, Entry } from './entry.ts';
import type { LogTail } from './log-tails.ts';
import { createPartitions } from './partitions.ts';
import type { Plan } from './plan.ts';
import { makePlan } from './plan.ts';
import { resolve } from './resolve.ts';
import type { SourceClocks } from './source-clocks.ts';
import type { OutboxEntry, Said } from './statements.ts';
import { claimStates, createRowChanges, writeNews, writeOutbox, writeStates } from './write.ts';

/** What one transaction is to make durable. */
export interface RoundToWrite {
  readonly communications: readonly Entry[];
  readonly quarantine: readonly QuarantineEvent[];
  /** What the usage log was told of communications that are written already. */
  readonly news: readonly Said[];
  /** Where the logs stand afterwards. */
  readonly reached: readonly Readonly<LogTail>[];
}

export interface RoundWriter {
  write(round: RoundToWrite): Promise<void>;
  /** After a failure: forgets what was collected and goes on from these checkpoints. */
  reset(checkpoints: readonly LogTail[], generation: number): void;
}

export interface RoundWriterSettings {
  readonly pool: Pool;
  readonly schema: string;
  readonly family: Family;
  /** Live views tell the usage log what changed; a rebuild only notes it. */
  readonly live: boolean;
  readonly entries: Entries;
  readonly clocks: SourceClocks;
  readonly failpoint: Failpoint | undefined;
}

/** Writes communications with all their rows and the checkpoints in one transaction. */
export function createRoundWriter(settings: RoundWriterSettings): RoundWriter {
  const { pool, schema, family, live, entries, clocks, failpoint } = settings;
  const partitions = createPartitions(schema);
  const changes = createRowChanges(schema);
  let durable = new Map<number, number>();
  let generation = 0;

  const writeAll = async (
    client: Client,
    round: RoundToWrite,
    plans: Map<Entry, Plan>,
  ): Promise<void> => {
    await client.query('begin');
    if (!live) await client.query('set local synchronous_commit = off');
    await writeNews(client, schema, round.news);
    const fresh = [...plans.values()].filter(
      ({ members, entry, record }) => members.length === 1 && !entry.known.has(record.id),
    );
    const restated = new Set(plans.values());
    for (const plan of fresh) restated.delete(plan);
    await settleWithStored(client, { plans, fresh, restated });
    const outbox: OutboxEntry[] = [];
    for (const plan of plans.values()) {
      changes.collect(plan);
      remember(plan);
      if (plan.record.status !== 'open') entries.expectNoMore(plan.entry);
      outbox.push(...plan.outbox);
    }
    await writeStates(client, schema, [...restated]);
    await changes.write(client, partitions);
    await writeOutbox(client, outbox);
    await writeQuarantine(client, schema, round.quarantine);
    failpoint?.('projections.mid_projection');
    if (live)
      await clocks.write(
        client,
        new Map(round.reached.map((tail) => [tail.logNo, tail.recordedAt])),
      );
    await advance(client, { family, generation, from: durable }, round.reached);
    await client.query('commit');
    failpoint?.('projections.after_commit');
    for (const tail of round.reached) durable.set(tail.logNo, tail.position);
  };

  interface Settling {
    readonly plans: Map<Entry, Plan>;
    readonly fresh: readonly Plan[];
    readonly restated: Set<Plan>;
  }

  /**
   * New communications are simply inserted; only where a row was there already, or a link names an
   * id that memory knows nothing of, is the database asked.
   */
  const settleWithStored = async (
    client: Client,
    { plans, fresh, restated }: Settling,
  ): Promise<void> => {
    const allNew = await claimStates(client, schema, fresh);
    const linked = [...plans.values()].filter(({ members, entry }) => {
      return members.length > 1 && members.some((id) => !entry.known.has(id));
    });
    const wanted = [...(allNew ? [] : fresh), ...linked].map((plan) => plan.entry);
    const found =
      wanted.length === 0 ? undefined : await resolve(client, schema, { entries, wanted });
    for (const { entry, record } of fresh) entry.known.add(record.id);
    if (found === undefined) return;
    for (const [entry, plan] of plans) {
      if (entries.find(entry.state.id) === entry) continue;
      plans.delete(entry);
      restated.delete(plan);
    }
    for (const [entry, stored] of found) {
      const before = plans.get(entry);
      if (before !== undefined) restated.delete(before);
      const plan = makePlan(entry, live);
      if (saysNothingNew(plan, stored)) {
        plans.delete(entry);
        remember(plan);
      } else {
        plans.set(entry, plan);
        restated.add(plan);
      }
    }
  };

  return {
    async write(round) {
      const plans = new Map<Entry, Plan>();
      for (const one of round.communications) {
        const entry = entries.find(one.state.id) ?? one;
        if (entry.state.elements.length > 0) plans.set(entry, makePlan(entry, live));
      }
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        await writeAll(client, round, plans);
      } catch (error) {
        await client.query('rollback').catch((cause: unknown) => {
          broken = cause instanceof Error ? cause : new Error('rollback failed');
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    reset(checkpoints, current) {
      generation = current;
      durable = new Map(checkpoints.map((tail) => [tail.logNo, tail.position]));
      partitions.forget();
      changes.clear();
    },
  };
}

function saysNothingNew(plan: Plan, stored: Buffer | undefined): boolean {
  return stored?.equals(plan.stateBytes) === true && plan.outbox.length === 0;
}

/** In a rebuild plans say nothing, and the usage log may have told more since the plan was made. */
function remember({ entry, members, said, outbox }: Plan): void {
  for (const id of members) entry.known.add(id);
  if (outbox.length > 0) entry.said = [...said];
}
